/** What both forms of a contention profile say in the same way. */
import type { Contention, Contentions } from './contention.ts'
import { describeQuality } from './cpu-quality.ts'

/** Indexes of the frames, the leaf first. */
export function framesOfContention({ thread, stack }: Contention): readonly number[] {
  const path: number[] = []
  for (let at = stack; at >= 0; at = thread.parents[at] ?? -1) path.push(thread.frames[at] ?? -1)
  return path
}

/** Lines for those who judge the numbers: what was recorded, then what was made of it, then warnings. */
export function describeContentions({ stacks, comments }: Contentions): readonly string[] {
  const all = [...describeQuality(stacks, 'contention'), ...comments]
  const isWarning = (line: string) => line.startsWith('warning: ')
  return [...all.filter((line) => !isWarning(line)), ...all.filter(isWarning)]
}
