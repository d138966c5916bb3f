import { rightsOf } from '../access.ts'
import type { Handler, ServerContext } from '../context.ts'
import { jsonText } from '../json-text.ts'

/** GET /rules: what each rule measures of each target, and why it did or did not fire. It looks at no target. */
export function rulesHandler({ rules }: ServerContext): Handler {
  return async (request, reply) => {
    const report = await rules.report(rightsOf(request))
    return reply.type('application/json; charset=utf-8').send(jsonText({ rules: report }))
  }
}
