// Reads a trace as viewers do, and checks what they rely on.
import type { Test } from 'tap'

export interface TraceEvent {
  readonly name: string
  readonly ph: 'M' | 'B' | 'E'
  readonly ts: number
  readonly pid?: number
  readonly tid?: number
  readonly args?: Readonly<Record<string, unknown>>
}

export interface Slice {
  readonly pid: number
  readonly name: string
  readonly startUs: number
  readonly durationUs: number
  /** Names from the root to this one. */
  readonly path: readonly string[]
}

export interface Trace {
  readonly events: readonly TraceEvent[]
  /** By pid: `G1 main`. */
  readonly names: ReadonlyMap<number, string>
  readonly slices: readonly Slice[]
  /** What the two events called pprofd say. */
  readonly said: Readonly<Record<string, unknown>>
}

export function readTrace(t: Test, text: string): Trace {
  const events: readonly TraceEvent[] = JSON.parse(text)
  t.equal(text.split('\n').length, events.length + 1, 'an event a line')
  t.match(events[0], { name: 'hz', ph: 'M', ts: 0, args: { hz: Number } })
  const names = new Map<number, string>()
  const open = new Map<number, { name: string; startUs: number }[]>()
  const lastUs = new Map<number, number>()
  const slices: Slice[] = []
  const problems: unknown[] = []
  for (const event of events) {
    const { name, ph, ts, pid = 0, tid } = event
    if (name === 'process_name') {
      names.set(pid, String(event.args?.name))
      open.set(pid, open.get(pid) ?? [])
    }
    if (ph === 'M') continue
    const stack = open.get(pid)
    if (tid !== 1 || stack === undefined || ts < (lastUs.get(pid) ?? 0)) problems.push(event)
    lastUs.set(pid, ts)
    if (ph === 'B') stack?.push({ name, startUs: ts })
    else {
      const path = stack?.map((each) => each.name) ?? []
      const begin = stack?.pop()
      if (begin?.name !== name) problems.push(event)
      const startUs = begin?.startUs ?? 0
      slices.push({ pid, name, startUs, durationUs: ts - startUs, path })
    }
  }
  for (const [pid, stack] of open) if (stack.length > 0) problems.push({ pid, stack })
  t.strictSame(problems, [], 'named before it is seen, in order of time, and balanced')
  const said = events.filter(({ name }) => name === 'pprofd').map(({ args }) => args)
  t.equal(said.length, 2)
  return { events, names, slices, said: Object.assign({}, ...said) }
}

/** Slices of the goroutines whose name begins so. */
export function slicesOf({ names, slices }: Trace, name: string): readonly Slice[] {
  return slices.filter(({ pid }) =>
    names
      .get(pid)
      ?.replace(/^G\d+ /, '')
      .startsWith(name),
  )
}

/** How many goroutines have a frame whose name ends so. */
export function goroutinesWith({ slices }: Trace, ending: string): number {
  return new Set(slices.filter(({ name }) => name.endsWith(ending)).map(({ pid }) => pid)).size
}
