/** Evaluating an expression in a target for its value. */
import { InspectorError } from '../errors.ts'
import { needsCommandLineApi } from './command-line-api.ts'
import type { CommandOptions, Session } from './session.ts'

export interface EvaluateOptions extends CommandOptions {
  /** The expression uses Node's modules: `process.getBuiltinModule?.(name) ?? require(name)`. */
  readonly usesModules?: boolean
  /** The value is that of the promise which the expression gives. */
  readonly awaitPromise?: boolean
}

/**
 * The expression's value, copied as JSON; the caller judges its shape. Nothing is scheduled in the
 * target: an error thrown later, in a callback of ours, would kill it.
 *
 * @throws {InspectorError} command-failed when the expression throws.
 */
export async function evaluate(
  session: Session,
  expression: string,
  { usesModules = false, awaitPromise = false, ...options }: EvaluateOptions = {},
): Promise<unknown> {
  const includeCommandLineAPI = usesModules && (await needsCommandLineApi(session, options))
  const { result, exceptionDetails } = await session.send(
    'Runtime.evaluate',
    // `silent` keeps a failure away from the target's own debugger and console.
    { expression, returnByValue: true, silent: true, awaitPromise, includeCommandLineAPI },
    options,
  )
  if (exceptionDetails !== undefined) {
    throw new InspectorError('command-failed', `the target could not evaluate: ${expression}`)
  }
  return result.value
}
