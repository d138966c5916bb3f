/**
 * Brendan Gregg's folded stacks: `outer;inner count`, a line each, for flamegraph.pl and everything
 * that reads its input. https://github.com/brendangregg/FlameGraph
 * Counts are samples. Idle samples are left out, but for the kind `wall`; with several threads, the thread is the outermost frame.
 */
import { ByteWriter } from '../pprof/byte-writer.ts'
import { cleanText } from './clean-text.ts'
import { runningPart } from './cpu-parts.ts'
import type { CpuKind, CpuStacks, ThreadStacks } from './cpu-stacks.ts'

export function cpuCollapsed({ frames, threads }: CpuStacks, kind: CpuKind = 'cpu'): Uint8Array {
  const names = frames.map(({ name }) => escapeName(name))
  const out = new ByteWriter()
  for (const sampled of threads) {
    const thread = kind === 'cpu' ? runningPart(sampled) : sampled
    const bottom = threads.length > 1 ? [escapeName(threadName(thread))] : []
    for (let stack = 0; stack < thread.stackCount; stack++) {
      const samples = thread.selfSamples[stack] ?? 0
      const isIdle = kind === 'cpu' && frames[thread.frames[stack] ?? -1]?.isIdle
      if (samples === 0 || isIdle) continue
      out.text(`${[...bottom, ...path(thread, stack, names)].join(';')} ${samples}\n`)
    }
  }
  return out.bytes()
}

/** What tells threads apart for people. */
export function threadName({ pid, thread }: { pid: number; thread: string }): string {
  return cleanText(`${thread} (pid ${pid})`)
}

function path(thread: ThreadStacks, stack: number, names: readonly string[]): readonly string[] {
  const path: string[] = []
  for (let at = stack; at >= 0; at = thread.parents[at] ?? -1) {
    path.push(names[thread.frames[at] ?? -1] ?? '')
  }
  return path.reverse()
}

/** `;` separates frames and has no escape in this format. Names hold no line breaks: see clean-text.ts. */
function escapeName(name: string): string {
  return name.replaceAll(';', ':')
}
