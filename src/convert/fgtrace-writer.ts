/** A trace in fgtrace's form, written while the recording goes on; see fgtrace-encoder.ts. */
import { parseCpuProfile } from './cpu-profile.ts'
import { FgtraceEncoder } from './fgtrace-encoder.ts'
import type { FunctionNames } from './function-names.ts'
import { PendingGoroutines, type PendingPiece } from './pending-goroutines.ts'
import { type StateFrameForm, withStateFrame } from './state-frames.ts'
import { type TimedStack, tickCount, timedStacks } from './timed-stacks.ts'

export interface FgtraceWriterOptions {
  readonly hz: number
  readonly samplingIntervalUs: number
  readonly form: StateFrameForm
  /** Whether what belongs to pprofd itself is shown. */
  readonly withOwn: boolean
  readonly names: FunctionNames
  /** Resolves when there is room for more, and rejects when nobody reads any more. */
  readonly write: (text: string) => Promise<void>
}

/** One of the chained windows of a thread's CPU profile. */
export interface ProfiledWindow {
  readonly profileJson: Uint8Array
  /** Around the command that began it, on our clock. */
  readonly startedBetweenUs: readonly [number, number]
}

/** What was seen of one thread. */
export interface ThreadTotals {
  readonly thread: string
  readonly samples: number
  /** By V8's own times. */
  readonly durationUs: number
}

interface ThreadTrack {
  readonly id: number
  /** From V8's clock to ours; 0 on the same machine. */
  readonly shiftUs: number
  untilUs: number
  samples: number
  durationUs: number
}

/** What is held before it is written: a window may have many events. */
const chunkLength = 65_536

/** All times are of one clock in microseconds. Calls may overlap: they are carried out one by one. */
export class FgtraceWriter {
  readonly #options: FgtraceWriterOptions
  readonly #encoder = new FgtraceEncoder()
  readonly #threads = new Map<string, ThreadTrack>()
  readonly #threadIds = new Map<string, number>()
  readonly #pending = new Map<string, PendingGoroutines>()
  readonly #leftOut = new Map<string, number>()
  #zeroUs = 0
  #lastId = 0
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: FgtraceWriterOptions) {
    this.#options = options
  }

  get threads(): readonly ThreadTotals[] {
    return [...this.#threads].map(([thread, { samples, durationUs }]) => {
      return { thread, samples, durationUs }
    })
  }

  /** Most pieces of pending work that were left out of a look, all lists together. */
  get leftOut(): number {
    return [...this.#leftOut.values()].reduce((sum, count) => sum + count, 0)
  }

  /** `args`: what is to be said of the recording beforehand. */
  begin(zeroUs: number, args: Readonly<Record<string, unknown>>): Promise<void> {
    return this.#inTurn(async () => {
      this.#zeroUs = zeroUs
      this.#idOf('main')
      const { hz, write } = this.#options
      await write(this.#encoder.begin(hz) + this.#encoder.metadata('pprofd', args))
    })
  }

  window(thread: string, window: ProfiledWindow): Promise<void> {
    return this.#inTurn(async () => {
      const { samplingIntervalUs, names, withOwn } = this.#options
      const profile = parseCpuProfile(window.profileJson)
      const track = this.#track(thread, profile.startTimeUs, window)
      const stacks = timedStacks(profile, {
        samplingIntervalUs,
        withOwn,
        names: await names.ofCalls(profile.callFrames),
        fromUs: track.untilUs,
      })
      await this.#writeStacks(thread, track, stacks)
      track.durationUs += profile.endTimeUs - Math.max(profile.startTimeUs, track.untilUs)
      track.samples += tickCount(profile)
      track.untilUs = profile.endTimeUs
    })
  }

  /** The resources that one thread waits for; `isPartial`: those that there was time for. */
  look(
    thread: string,
    atUs: number,
    pieces: readonly PendingPiece[],
    isPartial = false,
  ): Promise<void> {
    return this.#inTurn(() => {
      this.#idOf(thread)
      return this.#update(`resources of ${thread}`, atUs, pieces, isPartial)
    })
  }

  /** The suspended functions of all threads that wait for none of these. */
  suspended(atUs: number, pieces: readonly PendingPiece[]): Promise<void> {
    return this.#inTurn(() => this.#update('suspended functions', atUs, pieces))
  }

  threadEnded(thread: string, atUs: number): Promise<void> {
    return this.#inTurn(async () => {
      const track = this.#threads.get(thread)
      if (track !== undefined) {
        await this.#options.write(this.#encoder.gone(atUs - this.#zeroUs, track.id))
      }
      await this.#update(`resources of ${thread}`, atUs, [])
    })
  }

  /** `args`: what there is to be said afterwards. */
  end(atUs: number, args: Readonly<Record<string, unknown>>): Promise<void> {
    return this.#inTurn(async () => {
      const said = this.#encoder.metadata('pprofd', args)
      await this.#options.write(said + this.#encoder.end(atUs - this.#zeroUs))
    })
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const result = this.#turn.then(work)
    // Whoever called hears of it; the next one finds out by itself.
    this.#turn = result.catch(() => {})
    return result
  }

  #track(thread: string, startTimeUs: number, { startedBetweenUs }: ProfiledWindow): ThreadTrack {
    const known = this.#threads.get(thread)
    if (known !== undefined) return known
    const [fromUs, toUs] = startedBetweenUs
    const isOurClock = startTimeUs >= fromUs && startTimeUs <= toUs
    const shiftUs = isOurClock ? 0 : toUs - startTimeUs
    const track = { id: this.#idOf(thread), shiftUs, untilUs: 0, samples: 0, durationUs: 0 }
    this.#threads.set(thread, track)
    return track
  }

  async #writeStacks(
    thread: string,
    { id, shiftUs }: ThreadTrack,
    stacks: Iterable<TimedStack>,
  ): Promise<void> {
    const { form, write } = this.#options
    const encoded = ({ startUs, state, stack }: TimedStack) => {
      const shown = state === undefined ? [] : withStateFrame(stack, state, form)
      const atUs = Math.max(0, startUs + shiftUs - this.#zeroUs)
      return this.#encoder.sample(atUs, { id, createdBy: thread, stack: shown })
    }
    let text = ''
    // Of what was before the beginning only the last lasted into it.
    let early: TimedStack | undefined
    for (const stack of stacks) {
      if (stack.startUs + shiftUs <= this.#zeroUs) {
        early = stack
        continue
      }
      text += (early === undefined ? '' : encoded(early)) + encoded(stack)
      early = undefined
      if (text.length < chunkLength) continue
      await write(text)
      text = ''
    }
    if (early !== undefined) text += encoded(early)
    if (text !== '') await write(text)
  }

  async #update(
    source: string,
    atUs: number,
    pieces: readonly PendingPiece[],
    isPartial = false,
  ): Promise<void> {
    const { names, form, withOwn, write } = this.#options
    const newId = () => this.#newId()
    const pending =
      this.#pending.get(source) ?? new PendingGoroutines({ names, form, withOwn, newId })
    this.#pending.set(source, pending)
    const { now, gone, leftOut } = await pending.update(pieces, isPartial)
    this.#leftOut.set(source, Math.max(leftOut, this.#leftOut.get(source) ?? 0))
    const tsUs = Math.max(0, atUs - this.#zeroUs)
    const text = [
      ...now.map((goroutine) => this.#encoder.sample(tsUs, goroutine)),
      ...gone.map((id) => this.#encoder.gone(tsUs, id)),
    ].join('')
    if (text !== '') await write(text)
  }

  /** Threads come before what they wait for. */
  #idOf(thread: string): number {
    const id = this.#threadIds.get(thread) ?? this.#newId()
    this.#threadIds.set(thread, id)
    return id
  }

  #newId(): number {
    return ++this.#lastId
  }
}
