/**
 * The goroutine snapshots of a daemon. Of one process they run one after the other, for each holds it
 * up a little; those that are asked for in the same way at the same time are one.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Target } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import { captureFailure } from './attached.ts'
import { type GoroutineOptions, recordGoroutines } from './goroutine.ts'
import type { GoroutineRecording } from './goroutine-entry.ts'
import { SharedCapture } from './shared-capture.ts'

export interface GoroutinePair {
  readonly before: GoroutineRecording
  readonly recording: GoroutineRecording
}

interface Running {
  readonly key: string
  readonly capture: SharedCapture<GoroutineRecording>
}

export class GoroutineSnapshots {
  readonly #targets: Targets
  /** By process; the last one is the one to wait for. */
  readonly #running = new Map<string, Running[]>()

  constructor(targets: Targets) {
    this.#targets = targets
  }

  /** @throws as `recordGoroutines`. */
  async record(target: Target, options: GoroutineOptions = {}): Promise<GoroutineRecording> {
    this.#targets.checkAllowed(target, 'goroutine')
    const { signal } = options
    try {
      return await this.#capture(target, options).join(signal)
    } catch (error) {
      throw captureFailure(target, error, signal)
    }
  }

  /** Two snapshots, `durationMs` after each other; nothing stays in the target in between. */
  async recordTwice(
    target: Target,
    durationMs: number,
    options: GoroutineOptions = {},
  ): Promise<GoroutinePair> {
    const { signal } = options
    const before = await this.record(target, options)
    try {
      await delay(durationMs, undefined, signal && { signal })
    } catch (error) {
      throw captureFailure(target, error, signal)
    }
    return { before, recording: await this.record(target, options) }
  }

  #capture(target: Target, options: GoroutineOptions): SharedCapture<GoroutineRecording> {
    const process = target.instance === '' ? target.id : target.instance
    const running = this.#running.get(process) ?? []
    this.#running.set(process, running)
    const key = keyOf(options)
    const known = running.find((each) => each.key === key && each.capture.isGood)
    if (known !== undefined) return known.capture
    const previous = running.at(-1)?.capture.result
    const capture = new SharedCapture(async (signal) => {
      await previous?.catch(() => {})
      signal.throwIfAborted()
      return recordGoroutines(this.#targets, target, { ...options, signal })
    })
    const entry = { key, capture }
    running.push(entry)
    const forget = () => {
      running.splice(running.indexOf(entry), 1)
      if (running.length === 0) this.#running.delete(process)
    }
    capture.result.then(forget, forget)
    return capture
  }
}

/** Who follows and ends it does not tell two snapshots apart. */
function keyOf({ signal: _, onPhase: _phase, analyse, ...options }: GoroutineOptions): string {
  return JSON.stringify([analyse !== undefined, ...Object.entries(options).sort()])
}
