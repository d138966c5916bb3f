/** Where functions of a target are, and the resolve functions that they close over. */
import type { Session } from '../inspector/session.ts'
import { type MeteredOptions, type RemoteProperty, remoteProperties } from './remote-objects.ts'

export interface RemoteFunction {
  readonly scriptId: string
  /** 1-based. */
  readonly line: number
  readonly column: number
  /** Object ids of functions that settle promises and are variables of its innermost scopes. */
  readonly resolvers: readonly string[]
}

/** A callback of a promise's executor has it in the first, one with a block of its own in the second. */
const maxScopes = 2

/** A scope with more variables is no function that wraps a callback in a promise. */
const maxVariables = 30

type Properties = readonly RemoteProperty[]

/** Undefined for what V8 tells nothing of. Costs the target about 0.4 ms. */
export async function remoteFunction(
  session: Session,
  objectId: string,
  options: MeteredOptions,
): Promise<RemoteFunction | undefined> {
  const properties = await callableProperties(session, objectId, options)
  const location = properties.find(({ name }) => name === '[[FunctionLocation]]')?.value
  const { scriptId, lineNumber, columnNumber } = (location ?? {}) as Record<string, unknown>
  if (typeof scriptId !== 'string') return undefined
  return {
    scriptId,
    line: Number(lineNumber) + 1,
    column: Number(columnNumber ?? 0) + 1,
    resolvers: await resolversOf(session, properties, options),
  }
}

/** Of the function itself; where it is a bound one, of the function that it calls. */
async function callableProperties(
  session: Session,
  objectId: string,
  options: MeteredOptions,
): Promise<Properties> {
  const properties = await remoteProperties(session, objectId, options)
  const target = properties.find(({ name }) => name === '[[TargetFunction]]')?.objectId
  return target === undefined ? properties : remoteProperties(session, target, options)
}

async function resolversOf(
  session: Session,
  properties: Properties,
  options: MeteredOptions,
): Promise<readonly string[]> {
  const list = properties.find(({ name }) => name === '[[Scopes]]')?.objectId
  if (list === undefined) return []
  const found: string[] = []
  for (const { objectId } of innermostScopes(await remoteProperties(session, list, options))) {
    if (objectId === undefined) continue
    const variables = await remoteProperties(session, objectId, options)
    if (variables.length > maxVariables) continue
    found.push(...variables.filter(isResolver).flatMap((variable) => variable.objectId ?? []))
  }
  return found
}

/** Without the scope of the module, whose variables belong to everybody: in CommonJS the outermost closure. */
function innermostScopes(scopes: readonly RemoteProperty[]): readonly RemoteProperty[] {
  const closures = scopes.filter(({ description }) => /^(Closure|Block|Local)/.test(description))
  const isModule = scopes.some(({ description }) => description.startsWith('Module'))
  return (isModule ? closures : closures.slice(0, -1)).slice(0, maxScopes)
}

function isResolver({ type, description }: RemoteProperty): boolean {
  return type === 'function' && description === 'function () { [native code] }'
}
