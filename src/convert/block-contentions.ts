/**
 * Go's block profile has the stacks that waited for synchronisation. In Node these are synchronous
 * waits: Atomics.wait, `fs.readSync`, `execSync`. V8 samples a thread that sleeps in one like any other,
 * so the stack is known; that it slept, and in what, is known from looks at its kernel thread.
 *
 * Samples in a row of one stack that slept are one contention. Waits within one function that follow
 * each other faster than samples are one, too, and a wait shorter than the time between two samples is
 * seen by chance. What sleeps outside of JavaScript is left out.
 */
import { childWaits } from './child-waits.ts'
import { cleanText } from './clean-text.ts'
import { type Contention, ContentionSums, type Contentions, describeOpen } from './contention.ts'
import type { CpuStacks, ThreadStacks } from './cpu-stacks.ts'
import { eachSample } from './sample-spans.ts'
import { type SleepSpan, sleepSpans } from './sleep-spans.ts'
import {
  clockOffsetUs,
  describeLooks,
  isPoll,
  looksAt,
  type WatchedThreads,
} from './thread-looks.ts'

export function blockContentions(stacks: CpuStacks, watched: WatchedThreads): Contentions {
  const offsetUs = clockOffsetUs(stacks, watched)
  const sums = new ContentionSums()
  let count = 0
  let openCount = 0
  for (const thread of stacks.threads) {
    const spans = sleepSpans(looksAt(thread.thread, watched, offsetUs))
    for (const { contention, isOpen } of waitsOf(thread, stacks, spans)) {
      sums.add(contention)
      count++
      if (isOpen) openCount++
    }
  }
  return {
    name: 'block',
    stacks,
    all: sums.sorted(),
    comments: [
      `contention: a synchronous wait in which the thread slept, ${count} in all; delay is its time`,
      `resolution: waits shorter than ${stacks.recording.samplingIntervalUs / 1000} ms are seen by chance`,
      ...describeOpen(openCount),
      ...describeLooks(stacks, watched, offsetUs),
    ],
  }
}

interface Sampled {
  /** -1 where no JavaScript ran. */
  readonly stack: number
  readonly durationUs: number
  readonly span: SleepSpan | undefined
}

interface Wait {
  readonly contention: Contention
  /** It had begun when recording began, or had not ended when it ended. */
  readonly isOpen: boolean
}

function waitsOf(
  thread: ThreadStacks,
  { frames, recording }: CpuStacks,
  spans: readonly SleepSpan[],
): readonly Wait[] {
  const samples: Sampled[] = []
  let at = 0
  eachSample(thread.profile, recording.samplingIntervalUs, (node, durationUs, startUs) => {
    const stack = thread.stackOf[node] ?? -1
    const isNone = stack < 0 || isOutsideJavaScript(thread, stack, frames)
    while ((spans[at]?.toUs ?? Number.POSITIVE_INFINITY) < startUs) at++
    const span = spans[at]
    const isWithin = !isNone && span !== undefined && span.fromUs <= startUs
    samples.push({ stack: isNone ? -1 : stack, durationUs, span: isWithin ? span : undefined })
  })
  const forChildren = childWaits(thread, frames)
  const waits: Wait[] = []
  let open: OpenWait | undefined
  const end = (isAtEnd: boolean) => {
    if (open) waits.push({ contention: open.end(thread), isOpen: open.isFirst || isAtEnd })
    open = undefined
  }
  for (const [index, { stack, durationUs }] of samples.entries()) {
    const wait = synchronousWait(samples, index, forChildren)
    if (wait === undefined || open?.stack !== stack) end(false)
    if (wait === undefined) continue
    open ??= new OpenWait(stack, index === 0)
    open.add(durationUs, wait)
  }
  end(true)
  return waits
}

/**
 * What the thread slept in around the sample, where it is the sampled stack that slept. An event loop at
 * rest sleeps, too, in epoll, and a short turn of it may be sampled between two looks. So both looks must
 * have seen another wait, or one of them, if the sample on its side is of the same stack. spawnSync is
 * left out of that: it runs a loop of its own. Where the kernel does not tell waits, the sample
 * before or after must be of the same stack and sleep.
 */
function synchronousWait(
  samples: readonly Sampled[],
  index: number,
  forChildren: Uint8Array,
): string | undefined {
  const { stack, span } = samples[index] ?? {}
  if (stack === undefined || span === undefined) return undefined
  const { before, after } = span
  if (forChildren[stack] === 1) return after ?? before ?? unknownWait
  const isSameAt = (other: number) => samples[other]?.stack === stack
  if (before === undefined && after === undefined) {
    const isNearby = [index - 1, index + 1].some((at) => isSameAt(at) && samples[at]?.span)
    return isNearby ? unknownWait : undefined
  }
  const waitBefore = before === undefined || isPoll(before) ? undefined : before
  const waitAfter = after === undefined || isPoll(after) ? undefined : after
  if (waitBefore !== undefined && waitAfter !== undefined) return waitAfter
  if (waitBefore !== undefined && isSameAt(index - 1)) return waitBefore
  return isSameAt(index + 1) ? waitAfter : undefined
}

/** `(idle)`, and what V8 and Node wait for on their own, such as the collector for its threads. */
function isOutsideJavaScript(
  thread: ThreadStacks,
  stack: number,
  frames: CpuStacks['frames'],
): boolean {
  const { origin, name } = frames[thread.frames[stack] ?? -1] ?? {}
  return (thread.parents[stack] ?? -1) < 0 && origin === 'native' && name?.startsWith('(') === true
}

const unknownWait = 'unknown'

/** A contention that goes on. */
class OpenWait {
  readonly stack: number
  readonly isFirst: boolean
  readonly #waitUs = new Map<string, number>()

  constructor(stack: number, isFirst: boolean) {
    this.stack = stack
    this.isFirst = isFirst
  }

  add(durationUs: number, wait: string): void {
    this.#waitUs.set(wait, (this.#waitUs.get(wait) ?? 0) + durationUs)
  }

  /** Its wait is the one that took most. */
  end(thread: ThreadStacks): Contention {
    const waits = [...this.#waitUs].sort((a, b) => b[1] - a[1])
    const delayUs = waits.reduce((sum, [, us]) => sum + us, 0)
    const wait = cleanText(waits[0]?.[0] ?? unknownWait)
    return { thread, stack: this.stack, count: 1, delayNs: delayUs * 1000, wait }
  }
}
