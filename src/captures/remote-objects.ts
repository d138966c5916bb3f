/** Objects of a target that a session holds for a moment, and functions called on them. */
import { InspectorError } from '../errors.ts'
import type { CommandOptions, Session } from '../inspector/session.ts'

/** V8 keeps what belongs to a group until that is released, or the session ends. */
const defaultGroup = 'pprofd'

/** Adds up what V8's own commands cost the target, which no clock there can tell: an estimate. */
export interface Meter {
  costMs: number
}

/** Measured: about 0.1 ms for the properties of a function or a scope, and 10 us a variable more. */
const lookupMs = { each: 0.09, perProperty: 0.01 } as const

export interface MeteredOptions extends CommandOptions {
  readonly meter: Meter
}

export interface RemoteProperty {
  readonly name: string
  readonly objectId: string | undefined
  readonly type: string
  readonly description: string
  readonly value: unknown
}

/**
 * The own properties, with V8's internal ones such as `[[Scopes]]`. Runs no code of the target. Not to
 * be called in parallel: of several answers in a row the second waits 40 ms in the target's socket
 * (Nagle's algorithm against delayed ACK).
 */
export async function remoteProperties(
  session: Session,
  objectId: string,
  { meter, ...options }: MeteredOptions,
): Promise<readonly RemoteProperty[]> {
  const parameters = { objectId, ownProperties: true }
  const answer = await session.send('Runtime.getProperties', parameters, options)
  const properties = [...answer.result, ...(answer.internalProperties ?? [])]
  meter.costMs += lookupMs.each + properties.length * lookupMs.perProperty
  return properties.map(({ name, value }) => ({
    name,
    objectId: value?.objectId,
    type: value?.type ?? '',
    description: value?.description ?? '',
    value: value?.value,
  }))
}

export interface GroupOptions extends CommandOptions {
  /** What the object, and all that is reached from it, is released with. */
  readonly objectGroup?: string | undefined
}

/** Undefined when the expression throws, or its value is no object. */
export async function remoteObject(
  session: Session,
  expression: string,
  { objectGroup = defaultGroup, ...options }: GroupOptions,
): Promise<string | undefined> {
  const { result } = await session.send(
    'Runtime.evaluate',
    { expression, objectGroup, silent: true },
    options,
  )
  return result.subtype === 'error' ? undefined : result.objectId
}

export type RemoteArgument = { readonly objectId: string } | { readonly value: unknown }

export interface CallOptions extends CommandOptions {
  /** The function's value is a promise: wait for it. The target must run its microtasks for that. */
  readonly awaitPromise?: boolean
}

/** Calls a function that answers with JSON, `objectId` being its `this`. The caller judges the value. */
export async function callForJson(
  session: Session,
  objectId: string,
  functionDeclaration: string,
  parameters: readonly RemoteArgument[],
  { awaitPromise = false, ...options }: CallOptions,
): Promise<unknown> {
  const { result, exceptionDetails } = await session.send(
    'Runtime.callFunctionOn',
    {
      objectId,
      functionDeclaration,
      arguments: parameters.map((parameter) => ({ ...parameter })),
      returnByValue: true,
      awaitPromise,
      silent: true,
    },
    options,
  )
  if (exceptionDetails === undefined) return JSON.parse(String(result.value))
  const reason = exceptionDetails.exception?.description ?? exceptionDetails.text
  const message = `code of pprofd failed in the target: ${reason.slice(0, 300)}`
  throw new InspectorError('command-failed', message)
}

/** Calls a function whose value is an object: its id; undefined where it is none. */
export async function callForObject(
  session: Session,
  objectId: string,
  functionDeclaration: string,
  options: CommandOptions,
): Promise<string | undefined> {
  const parameters = { objectId, functionDeclaration, objectGroup: defaultGroup, silent: true }
  const answer = await session.send('Runtime.callFunctionOn', parameters, options)
  return answer.exceptionDetails === undefined ? answer.result.objectId : undefined
}

/** Lets the target forget the objects of a group; what it cannot hear now, the session's end does. */
export async function releaseObjects(
  session: Session,
  objectGroup: string = defaultGroup,
): Promise<void> {
  await session
    .send('Runtime.releaseObjectGroup', { objectGroup }, { timeoutMs: 500 })
    .catch(() => {})
}
