/**
 * Node's internal structures, without --expose-internals: public functions close over them, and the
 * inspector shows the variables of a closure as `[[Scopes]]`.
 */
import type { CommandOptions, Session } from '../inspector/session.ts'
import { remoteObject, remoteProperties, withTargetClock } from './remote-objects.ts'

export interface RemoteInternals {
  /** Object ids; undefined where this Node, or a program that replaced the function, does not show it. */
  readonly ids: {
    readonly internalBinding: string | undefined
    readonly timerListMap: string | undefined
    readonly immediateQueue: string | undefined
  }
  /** How long the target worked for it. */
  readonly costMs: number
}

/** The innermost scope that is the module's has them on Node 18 to 26. */
const maxScopes = 3

/** V8 describes every variable of the three modules for it. */
export async function findInternals(
  session: Session,
  options: CommandOptions,
): Promise<RemoteInternals> {
  const clock = { costMs: 0 }
  const find = (expression: string, variable: string) =>
    closureVariable(session, expression, variable, clock, options)
  // One after the other, so that their times add up.
  const internalBinding = await find('process.binding', 'internalBinding')
  const timerListMap = await find('clearTimeout', 'timerListMap')
  const immediateQueue = await find('clearImmediate', 'immediateQueue')
  return { ids: { internalBinding, timerListMap, immediateQueue }, costMs: clock.costMs }
}

async function closureVariable(
  session: Session,
  expression: string,
  variable: string,
  clock: { costMs: number },
  options: CommandOptions,
): Promise<string | undefined> {
  const closure = await remoteObject(session, expression, options)
  if (closure === undefined) return undefined
  const properties = await remoteProperties(session, closure, options)
  const scopes = properties.find(({ name }) => name === '[[Scopes]]')?.objectId
  if (scopes === undefined) return undefined
  for (const { objectId } of (await remoteProperties(session, scopes, options)).slice(
    0,
    maxScopes,
  )) {
    if (objectId === undefined) continue
    const { values, costMs } = await withTargetClock(session, options, () => [
      remoteProperties(session, objectId, options),
    ])
    clock.costMs += costMs
    const found = values[0]?.find(({ name }) => name === variable)
    if (found?.objectId !== undefined) return found.objectId
  }
  return undefined
}
