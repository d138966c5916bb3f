/**
 * Runs in the target, see target-source.ts: work of Node's native side that is in no other list, out
 * of the graph of native objects that Node makes for heap snapshots. It knows their classes only.
 */
import { clockMs } from './clock-ms.ts'
import type { RawEntry } from './collector.ts'
import type { Holder } from './inventory.ts'
import { own } from './own.ts'

/** `maxHandles`: the graph holds every handle, and 20,000 nodes took Node 26 over a second. */
export function nativeJobs(
  _holder: Holder,
  internalBinding: ((name: string) => unknown) | undefined,
  maxHandles: number,
): string {
  const startedMs = clockMs()
  const build = own(internalBinding?.('heap_utils'), 'buildEmbedderGraph')
  const list = own(process, '_getActiveHandles')
  const handles: unknown = typeof list === 'function' ? list.call(process) : []
  const isFew = Array.isArray(handles) && handles.length <= maxHandles
  const isPossible = typeof build === 'function' && isFew
  const graph: unknown = isPossible ? build() : []
  const counts = new Map<string, number>()
  for (const node of Array.isArray(graph) ? graph : []) {
    const name = /^Node \/ (\w+)$/.exec(String(own(node, 'name')))?.[1] ?? ''
    if (jobKind(name) !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  const entries: RawEntry[] = [...counts].map(([name, count]) => {
    // A job ends with its work; a stream or session is there from its opening to its closing.
    const state = /Job$|Wrap$/.test(name) ? 'in-progress' : 'open'
    return { kind: jobKind(name) ?? 'native', state, count, waitsFor: name }
  })
  return JSON.stringify({ entries, isPossible, costMs: clockMs() - startedMs })
}

export function jobKind(name: string): string | undefined {
  if (/^(ReadFile|FileSystem)\w*Job$/.test(name)) return 'fs'
  if (/Job$/.test(name)) return 'crypto'
  if (/^(Zlib|Brotli|Zstd)\w*(Stream|Compress|Decompress|Encoder|Decoder)$/.test(name))
    return 'zlib'
  if (/^Query\w*Wrap$/.test(name)) return 'dns'
  return /^Http2Session$/.test(name) ? 'socket' : undefined
}
