/** How kinds, states and waits read, the same in every form. */
import type { Entry, Kind, Wait } from './entry.ts'

/** `timer waiting`, `async-function awaiting`; of a thread that runs only its state, as in Go. */
export function stateText({ kind, state }: Pick<Entry, 'kind' | 'state'>): string {
  const shown = state || 'unknown'
  return kind === 'running' || kind === shown ? shown : `${kind} ${shown}`
}

/** What stands for the stack where there is none, such as `(socket)`: V8 names `(idle)` so. */
export function stackless(kind: Kind): string {
  return `(${kind})`
}

const units: readonly { readonly name: string; readonly ms: number }[] = [
  { name: 'minutes', ms: 60_000 },
  { name: 's', ms: 1000 },
  { name: 'ms', ms: 1 },
]

/** `2~6 minutes`, `12 s`, `150~900 ms`, rounded down as Go does; empty where it is unknown. */
export function waitText(wait: Wait | undefined): string {
  if (!wait) return ''
  const unit = units.find(({ ms }) => wait.maxMs >= ms) ?? { name: 'ms', ms: 1 }
  const min = Math.floor(wait.minMs / unit.ms)
  const max = Math.floor(wait.maxMs / unit.ms)
  return min === max ? `${max} ${unit.name}` : `${min}~${max} ${unit.name}`
}

/** `[main]` alone says nothing; several threads are shown with what each has. */
export function threadsText(
  threads: readonly { readonly thread: string; readonly count: number }[],
): string {
  const only = threads[0]
  if (threads.length === 1 && only) return only.thread === 'main' ? '' : only.thread
  return threads.map(({ thread, count }) => `${thread}: ${count}`).join(', ')
}

/** `1, 4~6, 9` of ascending ids. */
export function idsText(ids: readonly number[]): string {
  const ranges: string[] = []
  let first = 0
  for (const [index, id] of ids.entries()) {
    if (ids[index + 1] === id + 1) continue
    const start = ids[first] ?? id
    ranges.push(start === id ? `${id}` : `${start}~${id}`)
    first = index + 1
  }
  return ranges.join(', ')
}
