/** One goroutine of a dump: what its lines mean, without where they come from. */
import { type Entry, type Frame, type Kind, kinds } from './entry.ts'
import { stackless } from './state-text.ts'

export interface BlockHeader {
  readonly id: number
  readonly state: string
  readonly minutes: number
}

export interface BlockDraft extends BlockHeader {
  readonly labels: Readonly<Record<string, string>>
  readonly stack: Frame[]
  elided: boolean
  expects: 'function' | 'file'
  createdBy?: Frame
}

const headerPattern =
  /^goroutine (\d{1,15}) \[([^,]+)(?:, (\d{1,9}) minutes)?(?:, locked to thread)?\]:$/

export function readHeader(line: string): BlockHeader | undefined {
  const [, id, state, minutes = '0'] = headerPattern.exec(line) ?? []
  if (id === undefined || state === undefined || state.endsWith(' minutes')) return undefined
  return { id: Number(id), state, minutes: Number(minutes) }
}

/** The name before the arguments; parentheses come in pairs and are not nested. */
export function readCall(line: string): string | undefined {
  return /^([^()]*(?:\([^()]*\)[^()]*)*)\([^()]*\)[^()]*$/.exec(line)?.[1] || undefined
}

export function readLabels(text: string): Readonly<Record<string, string>> {
  try {
    const labels: unknown = JSON.parse(text)
    if (typeof labels !== 'object' || labels === null) return {}
    const strings = Object.entries(labels).filter(([, value]) => typeof value === 'string')
    return Object.fromEntries(strings)
  } catch {
    return {}
  }
}

export function entryOf({
  id,
  state,
  minutes,
  labels,
  stack,
  elided,
  createdBy,
}: BlockDraft): Entry {
  const kind = kindOf(labels.kind, state)
  const count = /^[1-9]\d{0,14}$/.test(labels.count ?? '') ? Number(labels.count) : 1
  const wait = readWait(labels.wait_ms) ?? (minutes > 0 ? sameWait(minutes * 60_000) : undefined)
  const only = stack[0]
  const isStackless = stack.length === 1 && only?.function === stackless(kind) && only.url === ''
  return {
    id,
    thread: labels.thread ?? 'main',
    kind,
    state: labels.state ?? withoutKind(state, kind),
    ...(wait && { wait }),
    stack: isStackless ? [] : stack,
    ...(elided && { elided }),
    count,
    ...(labels.waits_for !== undefined && { waitsFor: labels.waits_for }),
    ...(createdBy && { createdBy }),
  }
}

/** Undoes stateText. */
function withoutKind(state: string, kind: Kind): string {
  const hasKind = kind !== 'running' && state.startsWith(`${kind} `)
  return hasKind ? state.slice(kind.length + 1) : state
}

/** Of Go's own dumps, everything is a goroutine that runs or waits for what its state says. */
function kindOf(label: string | undefined, state: string): Kind {
  const word = label ?? state.split(' ', 1)[0]
  return kinds.find((kind) => kind === word) ?? 'running'
}

function readWait(label: string | undefined): Entry['wait'] {
  const [, min, max = min] = /^(\d+(?:\.\d+)?)(?:~(\d+(?:\.\d+)?))?$/.exec(label ?? '') ?? []
  return min === undefined ? undefined : { minMs: Number(min), maxMs: Number(max) }
}

function sameWait(ms: number): Entry['wait'] {
  return { minMs: ms, maxMs: ms }
}
