/** GET /openapi.json: what this daemon answers, for machines. */
import { readFileSync } from 'node:fs'
import type { Handler, ServerContext } from '../context.ts'
import { jsonText } from '../json-text.ts'
import { openapiDocument } from '../openapi/document.ts'

export function openapiHandler(context: ServerContext): Handler {
  const version = packageVersion()
  return (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(jsonText(openapiDocument(context, version)))
}

function packageVersion(): string {
  const file = new URL('../../../package.json', import.meta.url)
  return String(JSON.parse(readFileSync(file, 'utf8')).version)
}
