/** One of Node's trace events, made fit to be shown: the target may have sent anything. */
import { cleanText, cutEnd } from '../clean-text.ts'

export interface NodeEvent {
  readonly ph: string
  readonly name: string
  /** The most special of its categories, such as `node.fs.async`. */
  readonly cat: string
  readonly tid: number
  readonly ts: number
  /** Of complete events (`X`), in microseconds. */
  readonly dur: number
  readonly id: string | undefined
  readonly args: Readonly<Record<string, unknown>> | undefined
}

const maxTextBytes = 500
const maxArguments = 16
const maxDepth = 3

/** Undefined where it is no trace event. */
export function readNodeEvent(raw: unknown): NodeEvent | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined
  const { ph, name, cat, tid, ts, dur, id, args } = raw as Record<string, unknown>
  if (typeof ph !== 'string' || typeof name !== 'string' || typeof cat !== 'string')
    return undefined
  if (!isWhole(ts) || !isWhole(tid)) return undefined
  return {
    ph,
    name: text(name) || '(unnamed)',
    cat: text(cat.slice(cat.lastIndexOf(',') + 1)),
    tid,
    ts,
    dur: isWhole(dur) ? dur : 0,
    id: typeof id === 'string' || typeof id === 'number' ? text(String(id)) : undefined,
    args: argumentsOf(args, 1),
  }
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function text(value: string): string {
  return cutEnd(cleanText(value.slice(0, maxTextBytes)), maxTextBytes)
}

/** Undefined where nothing is said. */
function argumentsOf(args: unknown, depth: number): Readonly<Record<string, unknown>> | undefined {
  if (typeof args !== 'object' || args === null || depth > maxDepth) return undefined
  const known = Object.entries(args)
    .slice(0, maxArguments)
    .map(([key, value]) => [text(key), argument(value, depth)] as const)
    .filter(([, value]) => value !== undefined)
  return known.length === 0 ? undefined : Object.fromEntries(known)
}

function argument(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return text(value)
  if (typeof value === 'number' || typeof value === 'boolean') return value
  return argumentsOf(value, depth + 1)
}
