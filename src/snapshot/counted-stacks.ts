/**
 * A recording as Go's count profiles see it: how many there are of each stack and labels. Names,
 * files and addresses are those of the CPU profile, so that both compare.
 */
import { cleanText } from '../convert/clean-text.ts'
import { Frames, type Frame as NamedFrame } from '../convert/frame.ts'
import type { Entry, GoroutineRecording } from './entry.ts'
import { stackless } from './state-text.ts'

export interface CountedStack {
  /** Nearest first; never empty. */
  readonly stack: readonly NamedFrame[]
  readonly labels: StackLabels
  /** Of a difference it may be negative. */
  readonly count: number
}

export type StackLabels = Readonly<Record<'kind' | 'state' | 'thread', string>>

/** In Go's order, the most frequent first. */
export function countedStacks(recording: GoroutineRecording): readonly CountedStack[] {
  return differenceOfStacks(undefined, recording)
}

/** What `after` has more than `before`, by stack and labels; what did not change is left out. */
export function differenceOfStacks(
  before: GoroutineRecording | undefined,
  after: GoroutineRecording,
): readonly CountedStack[] {
  const frames = new Frames(after.target.workingDirectory)
  const counts = new Map<string, { stack: NamedFrame[]; labels: StackLabels; count: number }>()
  const add = (entry: Entry, sign: 1 | -1): void => {
    const indexes = framesOf(entry, frames)
    const labels = labelsOf(entry)
    const key = [indexes.join(' '), labels.kind, labels.state, labels.thread].join('\0')
    const known = counts.get(key)
    if (known) known.count += sign * entry.count
    else {
      const stack = indexes.flatMap((index) => frames.all[index] ?? [])
      counts.set(key, { stack, labels, count: sign * entry.count })
    }
  }
  for (const entry of before?.entries ?? []) add(entry, -1)
  for (const entry of after.entries) add(entry, 1)
  const changed = [...counts.values()].filter(({ count }) => count !== 0)
  return changed.sort((a, b) => b.count - a.count)
}

/** Work without a stack gets one frame that names its kind: every sample needs a place. */
function framesOf({ stack, kind }: Entry, frames: Frames): readonly number[] {
  const indexes = stack.map(({ function: name, url, line, column }) => {
    const functionName = name === '(anonymous)' ? '' : name
    return frames.indexOf({ functionName, url, lineNumber: line - 1, columnNumber: column - 1 })
  })
  // V8's `(root)` is no function and has no frame.
  const known = indexes.filter((index) => index >= 0)
  if (known.length > 0) return known
  const native = { functionName: stackless(kind), url: '', lineNumber: -1, columnNumber: -1 }
  return [frames.indexOf(native)]
}

/** Readers refuse empty labels. */
function labelsOf({ kind, state, thread }: Entry): StackLabels {
  return {
    kind,
    state: cleanText(state) || 'unknown',
    thread: cleanText(thread) || 'unnamed',
  }
}
