/** Reading one message of the inspector without turning a large result into objects. */
import { profileEventOf, profileFinished, readProfileEvent } from './profile-event.ts'

export type Reply =
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly message: string }
  | { readonly kind: 'event'; readonly method: string; readonly params: unknown }
  | { readonly kind: 'unreadable' }

/** V8 writes every successful answer in this form (v8_inspector's `serializeResponse`). */
const resultPrefix = /^\{"id":(\d{1,15}),"result":/
const prefixBytes = 40

/** `wantsRaw(id)`: whether that call wants the bytes of its result instead of its value. */
export function readReply(message: Uint8Array, wantsRaw: (id: number) => boolean): Reply {
  const buffer = Buffer.from(message.buffer, message.byteOffset, message.byteLength)
  const prefix = resultPrefix.exec(buffer.toString('latin1', 0, prefixBytes))
  if (prefix && wantsRaw(Number(prefix[1]))) {
    return { kind: 'result', id: Number(prefix[1]), result: buffer.subarray(prefix[0].length, -1) }
  }
  const profile = readProfileEvent(buffer)
  if (profile) return { kind: 'event', method: profileFinished, params: profile }
  return readParsed(buffer, wantsRaw)
}

function readParsed(buffer: Buffer, wantsRaw: (id: number) => boolean): Reply {
  let message: unknown
  try {
    message = JSON.parse(buffer.toString())
  } catch {
    return brokenBatch(buffer) ?? { kind: 'unreadable' }
  }
  if (typeof message !== 'object' || message === null) return { kind: 'unreadable' }
  const { id, result, error, method, params } = message as Record<string, unknown>
  if (method === profileFinished) return { kind: 'event', method, params: profileEventOf(params) }
  if (typeof method === 'string') return { kind: 'event', method, params }
  if (typeof id !== 'number') return { kind: 'unreadable' }
  if (error !== undefined) return { kind: 'error', id, message: errorMessage(error) }
  if (!wantsRaw(id)) return { kind: 'result', id, result }
  return { kind: 'result', id, result: Buffer.from(JSON.stringify(result ?? {})) }
}

const batchPrefix = '{"method":"NodeTracing.dataCollected",'

/**
 * Two threads of Node write into one stream where its buffer of trace events is full while somebody
 * starts or stops tracing (InspectorTraceWriter::Flush; seen on Node 20): that batch is lost, no more.
 */
function brokenBatch(buffer: Buffer): Reply | undefined {
  if (buffer.toString('latin1', 0, batchPrefix.length) !== batchPrefix) return undefined
  return { kind: 'event', method: 'NodeTracing.dataCollected', params: { value: [], broken: true } }
}

/** A target's words end up in answers and logs: bounded, on one line. */
function errorMessage(error: unknown): string {
  const message = (error as { readonly message?: unknown } | null)?.message
  return String(message ?? 'unknown error')
    .replace(/\p{Cc}+/gu, ' ')
    .slice(0, 500)
}
