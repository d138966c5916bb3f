/** GET /openapi.json: what this daemon answers, for machines. */
import { packageVersion } from '../../package-files.ts'
import type { Handler, ServerContext } from '../context.ts'
import { jsonText } from '../json-text.ts'
import { openapiDocument } from '../openapi/document.ts'

export function openapiHandler(context: ServerContext): Handler {
  const version = packageVersion()
  return (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(jsonText(openapiDocument(context, version)))
}
