/**
 * Sampling that goes on between requests, in one process. The price: the session, and with it the
 * inspector, stays open. Counts what lives: a sampler that counts garbage, too, keeps a record of every
 * sample for ever.
 */
import type { Attachment, Target } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import { assembleHeap, since } from './heap.ts'
import type { HeapRecording } from './heap-recording.ts'
import { readHeapStatistics } from './heap-statistics.ts'
import { type Baseline, HeapThreads } from './heap-threads.ts'
import { recordingTime } from './recording-time.ts'

/** Requests that come so soon after a reading get the same one: `heap` and `allocs` scraped together cost once. */
export const sharedForMs = 1000

interface SharedReading {
  readonly recording: Promise<HeapRecording>
  /** Set when it is there. */
  endedMs: number | undefined
}

export class ContinuousHeap {
  /** Resolves when the target has ended, or sampling was ended here. */
  readonly ended: Promise<void>
  readonly #attachment: Attachment
  readonly #threads: HeapThreads
  readonly #samplingIntervalBytes: number
  /** The newest reading without and with a thorough collection. */
  readonly #readings = new Map<boolean, SharedReading>()

  private constructor(attachment: Attachment, threads: HeapThreads, samplingIntervalBytes: number) {
    this.#attachment = attachment
    this.#threads = threads
    this.#samplingIntervalBytes = samplingIntervalBytes
    // A detach that fails has said so to the sweeper; nobody waits for it here.
    this.ended = attachment.session.closed.then(() => attachment.detach().catch(() => {}))
  }

  /** @throws {TargetError} as `Targets.attach`. */
  static async start(
    targets: Targets,
    target: Target,
    samplingIntervalBytes: number,
  ): Promise<ContinuousHeap> {
    const attachment = await targets.attach(target)
    try {
      const options = { counting: 'live', samplingIntervalBytes, mayLeaveGarbage: true } as const
      const threads = await HeapThreads.start(attachment, options, {})
      return new ContinuousHeap(attachment, threads, samplingIntervalBytes)
    } catch (error) {
      await attachment.detach({ forGood: true })
      throw error
    }
  }

  /** How long it has been sampling, but what was found running counts as old. */
  get sampledForMs(): number {
    const { areForeign, startedAtMs } = this.#threads
    return areForeign ? Number.POSITIVE_INFINITY : Date.now() - startedAtMs
  }

  /** Lets the time pass, unless the target ends or the signal fires. */
  pass(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
    return recordingTime(this.#attachment.session, { durationMs, signal })
  }

  /** The state of now, shared with other requests of the same moment; of one reading that goes on in any case. */
  read(gc: boolean, maxAgeMs = sharedForMs): Promise<HeapRecording> {
    const known = this.#readings.get(gc)
    const isFresh = known?.endedMs === undefined || performance.now() - known.endedMs < maxAgeMs
    if (known !== undefined && isFresh) return known.recording
    const reading: SharedReading = { recording: this.#read(gc), endedMs: undefined }
    this.#readings.set(gc, reading)
    const forget = () => {
      if (this.#readings.get(gc) === reading) this.#readings.delete(gc)
    }
    const settle = () => {
      reading.endedMs = performance.now()
      // Kept no longer than it is shared: a recording may have many megabytes.
      setTimeout(forget, sharedForMs).unref()
    }
    reading.recording.then(settle, forget)
    return reading.recording
  }

  /** Ends sampling and lets go. */
  async close(): Promise<void> {
    await this.#threads.close()
    await this.#attachment.detach({ forGood: true })
  }

  async #read(gc: boolean): Promise<HeapRecording> {
    const readings = await this.#threads.read({ gc })
    const statistics = await readHeapStatistics(this.#attachment.session, {})
    return {
      ...assembleHeap(this.#attachment, readings),
      mode: 'continuous',
      isDelta: false,
      startedAtMs: this.#threads.startedAtMs,
      samplingIntervalBytes: this.#samplingIntervalBytes,
      statistics,
    }
  }
}

/** What changed from one reading to a later one. */
export function heapDifference(before: HeapRecording, now: HeapRecording): HeapRecording {
  const baseline: Baseline = new Map(before.threads.map((thread) => [thread.thread, thread]))
  const threads = since(baseline, now.threads)
  return { ...now, threads, isDelta: true, startedAtMs: before.readAtMs }
}
