/** What was recorded from the landing page: the list of one's own, and their files. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { callerOf } from '../caller.ts'
import type { Handler, ServerContext } from '../context.ts'
import { sendFailure } from '../errors.ts'
import { jsonText } from '../json-text.ts'
import { describeResult } from '../page/describe-result.ts'

type FileRequest = FastifyRequest<{ Params: { id?: string; file?: string } }>

/** GET /ui/results: what whoever asks has recorded and is still kept. */
export function pageResultsHandler({ results }: ServerContext): Handler {
  return (request, reply) => {
    const own = results.of(callerOf(request.raw).uid)
    const text = jsonText({ results: own.map(describeResult) })
    return reply.type('application/json; charset=utf-8').send(text)
  }
}

/** GET /ui/results/<id>/<file>: one of its formats, converted now. */
export function pageResultFileHandler({ results }: ServerContext) {
  return async (request: FileRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { id = '', file: name = '' } = request.params
    const result = results.find(id, callerOf(request.raw).uid)
    const file = result?.files.find((each) => each.name === name)
    if (result === undefined || file === undefined) {
      const sentence =
        'no such result: the page keeps what it recorded for some minutes; record it again'
      return sendFailure(reply, 404, sentence)
    }
    const bytes = await file.encode()
    return reply
      .headers({
        'Content-Type': file.contentType,
        'Content-Disposition': `attachment; filename="${file.name}"`,
        'X-Pprofd-Capture': result.captureId,
      })
      .send(bytes)
  }
}
