/** Where functions of a target are, and the resolve functions that they close over. */
import type { CommandOptions, Session } from '../inspector/session.ts'
import { type RemoteProperty, remoteProperties, withTargetClock } from './remote-objects.ts'

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

export interface RemoteFunctions {
  /** In the order of the ids; undefined for what V8 tells nothing of. */
  readonly functions: readonly (RemoteFunction | undefined)[]
  /** How long the target worked for it. */
  readonly costMs: number
}

type Properties = readonly RemoteProperty[]

export async function remoteFunctions(
  session: Session,
  objectIds: readonly string[],
  options: CommandOptions,
): Promise<RemoteFunctions> {
  let costMs = 0
  async function propertiesOf(
    ids: readonly (string | undefined)[],
  ): Promise<readonly Properties[]> {
    const clocked = await withTargetClock(session, options, () =>
      ids.map((id) => (id === undefined ? [] : remoteProperties(session, id, options))),
    )
    costMs += clocked.costMs
    return clocked.values
  }
  const functions = await propertiesOf(objectIds)
  // A bound function is where the one is that it calls.
  const targets = await propertiesOf(functions.map((each) => idOf(each, '[[TargetFunction]]')))
  const callables = functions.map((each, index) => (targets[index]?.length ? targets[index] : each))
  const scopeLists = await propertiesOf(callables.map((each) => idOf(each, '[[Scopes]]')))
  const scopes = scopeLists.map(innermostScopes)
  const variables = await propertiesOf(scopes.flat().map(({ objectId }) => objectId))
  let next = 0
  return {
    functions: callables.map((properties, index) => {
      const count = scopes[index]?.length ?? 0
      const inScope = variables.slice(next, next + count)
      next += count
      return functionOf(properties, inScope)
    }),
    costMs,
  }
}

function functionOf(
  properties: Properties,
  scopes: readonly Properties[],
): RemoteFunction | undefined {
  const location = properties.find(({ name }) => name === '[[FunctionLocation]]')?.value
  const { scriptId, lineNumber, columnNumber } = (location ?? {}) as Record<string, unknown>
  if (typeof scriptId !== 'string') return undefined
  const resolvers = scopes
    .filter(({ length }) => length <= maxVariables)
    .flat()
    .filter(isResolver)
    .flatMap(({ objectId }) => objectId ?? [])
  return {
    scriptId,
    line: Number(lineNumber) + 1,
    column: Number(columnNumber ?? 0) + 1,
    resolvers,
  }
}

function idOf(properties: Properties, wanted: string): string | undefined {
  return properties.find(({ name }) => name === wanted)?.objectId
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
