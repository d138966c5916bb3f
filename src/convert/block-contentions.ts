/**
 * Go's block profile has the stacks that waited for synchronisation. In Node these are synchronous
 * waits: Atomics.wait, `fs.readSync`, `execSync`. V8 samples a thread that sleeps in one like any other,
 * so the stack is known; that it slept, and in what, is known from looks at its kernel thread.
 *
 * Samples in a row of one stack that slept are one contention. Waits within one function that
 * follow each other faster than samples are one, too, and a wait shorter than the time between two
 * samples is seen by chance.
 */
import { cleanText } from './clean-text.ts'
import { type Contention, ContentionSums, type Contentions } from './contention.ts'
import type { CpuStacks, ThreadStacks } from './cpu-stacks.ts'
import { eachSample } from './sample-spans.ts'
import { type SleepSpan, sleepSpans, type ThreadLooks } from './thread-looks.ts'

export interface BlockFacts {
  readonly looks: readonly ThreadLooks[]
  /** On the clock of the looks, in microseconds: the main thread's profile was begun in between. */
  readonly startedBetweenUs: readonly [number, number]
  /** CPU time that watching took of the recording process. */
  readonly watchCostMs: number
}

export function blockContentions(stacks: CpuStacks, facts: BlockFacts): Contentions {
  const offsetUs = clockOffset(stacks, facts)
  const sums = new ContentionSums()
  const unseen: string[] = []
  let count = 0
  for (const thread of stacks.threads) {
    const looks = facts.looks.find((each) => each.thread === thread.thread)?.looks ?? []
    if (looks.length < 2) unseen.push(cleanText(thread.thread))
    const spans = sleepSpans(looks.map((look) => ({ ...look, atUs: look.atUs + offsetUs })))
    for (const wait of waitsOf(thread, stacks, spans)) {
      sums.add(wait)
      count++
    }
  }
  return {
    name: 'block',
    stacks,
    all: sums.sorted(),
    comments: [
      `contention: a synchronous wait in which the thread slept, ${count} in all; delay is its time`,
      `resolution: waits shorter than ${stacks.recording.samplingIntervalUs / 1000} ms are seen by chance`,
      `watching: ${describeLooks(facts)}`,
      ...(offsetUs === 0 ? [] : [`clock: the target's is ${Math.round(offsetUs / 1000)} ms ahead`]),
      ...(unseen.length === 0
        ? []
        : [`warning: not watched, so that nothing is known of: ${unseen.join(', ')}`]),
    ],
  }
}

function describeLooks({ looks, watchCostMs }: BlockFacts): string {
  const count = looks.reduce((sum, thread) => sum + thread.looks.length, 0)
  return `${count} looks at ${looks.length} threads, ${Number(watchCostMs.toFixed(1))} ms of pprofd's time`
}

/** A profile that does not begin when it was begun is of a process in another time namespace. */
function clockOffset({ threads }: CpuStacks, { startedBetweenUs: [from, to] }: BlockFacts): number {
  const startUs = threads.find(({ thread }) => thread === 'main')?.profile.startTimeUs
  if (startUs === undefined || (startUs >= from - slackUs && startUs <= to + slackUs)) return 0
  return startUs - from
}

/** Two readings of one clock. */
const slackUs = 1000

interface Sampled {
  readonly stack: number
  readonly durationUs: number
  readonly span: SleepSpan | undefined
}

function waitsOf(
  thread: ThreadStacks,
  { frames, recording }: CpuStacks,
  spans: readonly SleepSpan[],
): readonly Contention[] {
  const samples: Sampled[] = []
  let at = 0
  eachSample(thread.profile, recording.samplingIntervalUs, (node, durationUs, startUs) => {
    const stack = thread.stackOf[node] ?? -1
    const isIdle = stack < 0 || frames[thread.frames[stack] ?? -1]?.isIdle === true
    while ((spans[at]?.toUs ?? Number.POSITIVE_INFINITY) < startUs) at++
    const span = spans[at]
    const isWithin = !isIdle && span !== undefined && span.fromUs <= startUs
    samples.push({ stack: isIdle ? -1 : stack, durationUs, span: isWithin ? span : undefined })
  })
  const childWaits = stacksThatAwaitChildren(thread, frames)
  const waits: Contention[] = []
  let open: OpenWait | undefined
  for (const [index, sample] of samples.entries()) {
    const wait = synchronousWait(samples, index, childWaits)
    if (wait === undefined || open?.stack !== sample.stack) {
      if (open) waits.push(open.end(thread))
      open = wait === undefined ? undefined : new OpenWait(sample.stack)
    }
    if (wait !== undefined) open?.add(sample.durationUs, wait)
  }
  if (open) waits.push(open.end(thread))
  return waits
}

/**
 * What the thread slept in around the sample, where it is the sampled stack that slept. An event loop at
 * rest sleeps, too, in epoll, and a short turn of it may be sampled between two looks. So a look must
 * have seen another wait, unless the stack is in spawnSync, which runs a loop of its own. Where the kernel
 * does not tell the wait, the sample before or after must be of the same stack and sleep.
 */
function synchronousWait(
  samples: readonly Sampled[],
  index: number,
  childWaits: Uint8Array,
): string | undefined {
  const { stack, span } = samples[index] ?? {}
  if (stack === undefined || span === undefined) return undefined
  const known = span.waits.filter((wait) => wait !== undefined)
  if (childWaits[stack] === 1) return known.at(-1) ?? unknownWait
  if (known.length > 0) return known.findLast((wait) => !isPoll(wait))
  const isNearby = [samples[index - 1], samples[index + 1]].some(
    (near) => near?.span && near.stack === stack,
  )
  return isNearby ? unknownWait : undefined
}

const unknownWait = 'unknown'

/** As system call or as function of the kernel: epoll_wait, epoll_pwait, do_epoll_wait, ep_poll. */
function isPoll(wait: string): boolean {
  return /^(do_)?ep(oll)?_/.test(wait)
}

/** 1 for stacks with Node's own spawnSync, which execSync and execFileSync call. */
function stacksThatAwaitChildren(thread: ThreadStacks, frames: CpuStacks['frames']): Uint8Array {
  const found = new Uint8Array(thread.stackCount)
  for (let stack = 0; stack < thread.stackCount; stack++) {
    const frame = frames[thread.frames[stack] ?? -1]
    const isOne = frame?.origin === 'node' && /\.spawnSync$/.test(frame.name)
    const below = thread.parents[stack] ?? -1
    if (isOne || (below >= 0 && found[below] === 1)) found[stack] = 1
  }
  return found
}

/** A contention that goes on. */
class OpenWait {
  readonly stack: number
  readonly #waitUs = new Map<string, number>()

  constructor(stack: number) {
    this.stack = stack
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
