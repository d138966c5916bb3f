/**
 * Code of pprofd that runs in a target. The functions of this folder are sent as their own text, so
 * they use nothing but each other, their arguments and the target's globals; whoever sends one sends
 * all that it calls, but for clockMs, which always comes along. Nothing of them stays in the target.
 */
import { clockMs } from './clock-ms.ts'

/** The URL of that code, by which the frames of pprofd are told from the target's own. */
export const inTargetUrl = 'pprofd:in-target'

type Sendable = (...parameters: never[]) => unknown

/** An expression to evaluate: calls `main` with the arguments, which must survive JSON. */
export function callExpression(
  main: Sendable,
  needed: readonly Sendable[],
  ...parameters: readonly unknown[]
): string {
  const values = parameters.map((parameter) => JSON.stringify(parameter)).join(', ')
  return `(() => {'use strict'\n${textOf(main, needed)}\nreturn ${main.name}(${values}) })()`
}

/** A declaration for Runtime.callFunctionOn: passes its arguments on to `main`, `this` before them. */
export function functionDeclaration(main: Sendable, needed: readonly Sendable[] = []): string {
  const call = `${main.name}(this, ...arguments)`
  return `function () {'use strict'\n${textOf(main, needed)}\nreturn ${call} }`
}

function textOf(main: Sendable, needed: readonly Sendable[]): string {
  return `${[clockMs, ...needed, main].map(String).join('\n')}\n//# sourceURL=${inTargetUrl}`
}
