/** Evaluating an expression in a target for its value. */
import { InspectorError } from '../errors.ts'
import type { CommandOptions, Session } from './session.ts'

/**
 * The expression's value, copied as JSON; the caller judges its shape. Nothing is scheduled in the
 * target: an error thrown later, in a callback of ours, would kill it.
 *
 * @throws {InspectorError} command-failed when the expression throws.
 */
export async function evaluate(
  session: Session,
  expression: string,
  options: CommandOptions = {},
): Promise<unknown> {
  const { result, exceptionDetails } = await session.send(
    'Runtime.evaluate',
    // `silent` keeps a failure away from the target's own debugger and console.
    { expression, returnByValue: true, silent: true },
    options,
  )
  if (exceptionDetails !== undefined) {
    throw new InspectorError('command-failed', `the target could not evaluate: ${expression}`)
  }
  return result.value
}
