/** What the routes share whose answer is written while the capture runs. */
import type { FastifyReply } from 'fastify'
import type { Target } from '../targets/target.ts'
import { chooseEncoder } from './content-encoding.ts'
import type { ServerContext, TargetRequest } from './context.ts'
import { type CaptureJob, runCapture } from './run-capture.ts'
import { StreamedAnswer } from './streamed-answer.ts'

export interface StreamedJob<Result> extends Omit<CaptureJob<Result>, 'work'> {
  readonly work: (signal: AbortSignal, answer: StreamedAnswer) => Promise<Result>
}

/** As `runCapture`; what fails after the first byte cuts the answer instead of being thrown. */
export async function streamCapture<Result>(
  context: ServerContext,
  request: TargetRequest,
  reply: FastifyReply,
  target: Target,
  { work, ...job }: StreamedJob<Result>,
): Promise<FastifyReply> {
  const answer = new StreamedAnswer(reply, {
    encoder: chooseEncoder(request.headers['accept-encoding']),
    outbox: context.outbox,
  })
  try {
    const worked = (signal: AbortSignal) => work(signal, answer)
    await runCapture(context, request, reply, target, { ...job, work: worked })
  } catch (error) {
    if (!answer.hasBegun) throw error
    answer.cut()
  }
  return reply
}
