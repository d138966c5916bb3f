/**
 * Node's internal structures, without --expose-internals: public functions close over them, and the
 * inspector shows the variables of a closure as `[[Scopes]]`.
 */
import type { Session } from '../inspector/session.ts'
import {
  type GroupOptions,
  type MeteredOptions,
  remoteObject,
  remoteProperties,
} from './remote-objects.ts'

/** Object ids; undefined where this Node, or a program that replaced the function, does not show it. */
export interface RemoteInternals {
  readonly internalBinding: string | undefined
  readonly timerListMap: string | undefined
  readonly immediateQueue: string | undefined
}

/** The innermost scope that is the module's has them on Node 18 to 26. */
const maxScopes = 3

/** V8 describes every variable of the three modules for it: 3 to 5 ms. */
export async function findInternals(
  session: Session,
  options: MeteredOptions & GroupOptions,
): Promise<RemoteInternals> {
  const find = (expression: string, variable: string) =>
    closureVariable(session, expression, variable, options)
  return {
    internalBinding: await find('process.binding', 'internalBinding'),
    timerListMap: await find('clearTimeout', 'timerListMap'),
    immediateQueue: await find('clearImmediate', 'immediateQueue'),
  }
}

async function closureVariable(
  session: Session,
  expression: string,
  variable: string,
  options: MeteredOptions & GroupOptions,
): Promise<string | undefined> {
  const closure = await remoteObject(session, expression, options)
  if (closure === undefined) return undefined
  const properties = await remoteProperties(session, closure, options)
  const list = properties.find(({ name }) => name === '[[Scopes]]')?.objectId
  if (list === undefined) return undefined
  const scopes = await remoteProperties(session, list, options)
  for (const { objectId } of scopes.slice(0, maxScopes)) {
    if (objectId === undefined) continue
    const variables = await remoteProperties(session, objectId, options)
    const found = variables.find(({ name }) => name === variable)
    if (found?.objectId !== undefined) return found.objectId
  }
  return undefined
}
