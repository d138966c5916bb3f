/**
 * Takes profiles of all targets once in an interval. The targets are spread over it, each always at the
 * same place, so that neither they nor the engine feel all of them at once.
 */
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { OperationalError } from '../../errors.ts'
import type { Target } from '../../targets/target.ts'
import type { ProfileKind, ProfileSink, TakeProfile } from '../recorded-profile.ts'
import type { Report } from '../report.ts'
import { periodicReason } from './engine-request.ts'

export interface RoundSettings {
  /** From one round to the next; 0: none. */
  readonly everyMs: number
  readonly profiles: readonly Exclude<ProfileKind, 'trace'>[]
  /** Of each profile that has a duration. */
  readonly seconds: number
}

export interface RoundParts {
  readonly take: TakeProfile
  readonly sink: ProfileSink
  /** Those that the configuration opts in. */
  readonly listTargets: () => Promise<readonly Target[]>
  /** Nothing is taken that would not be sent. */
  readonly isRefused: () => boolean
  readonly report: Report
}

/** More at a time would take the captures of those who ask for one. */
const maxAtATime = 16

export class Rounds {
  /** Since the start, by reason: the code of an error, or `busy`. */
  readonly skipped = new Map<string, number>()
  taken = 0
  readonly #settings: RoundSettings
  readonly #parts: RoundParts
  readonly #busy = new Set<string>()
  readonly #running = new Set<Promise<void>>()
  readonly #abort = new AbortController()
  #run: Promise<void> | undefined

  constructor(settings: RoundSettings, parts: RoundParts) {
    this.#settings = settings
    this.#parts = parts
  }

  begin(): void {
    if (this.#settings.everyMs > 0) this.#run ??= this.#runRounds(this.#abort.signal)
  }

  /** For good. The targets are restored when it resolves. */
  async end(): Promise<void> {
    this.#abort.abort()
    await this.#run
    await Promise.all(this.#running)
  }

  async #runRounds(signal: AbortSignal): Promise<void> {
    const { everyMs } = this.#settings
    while (!signal.aborted) {
      const beganMs = performance.now()
      const waits = (await this.#targets()).map((target) => ({
        target,
        atMs: beganMs + placeOf(target) * everyMs,
      }))
      for (const { target, atMs } of waits.sort((a, b) => a.atMs - b.atMs)) {
        await until(atMs, signal)
        if (signal.aborted) return
        this.#start(target, signal)
      }
      await until(beganMs + everyMs, signal)
    }
  }

  async #targets(): Promise<readonly Target[]> {
    if (this.#parts.isRefused()) return []
    try {
      return await this.#parts.listTargets()
    } catch (error) {
      this.#parts.report('warn', 'push: the targets cannot be listed', { err: error })
      return []
    }
  }

  #start(target: Target, signal: AbortSignal): void {
    const key = keyOf(target)
    if (this.#busy.has(key) || this.#busy.size >= maxAtATime) {
      this.#skip('busy')
      return
    }
    this.#busy.add(key)
    const running = this.#takeAll(target, signal).finally(() => {
      this.#busy.delete(key)
      this.#running.delete(running)
    })
    this.#running.add(running)
  }

  /** One after the other, so that none shows the cost of another. */
  async #takeAll(target: Target, signal: AbortSignal): Promise<void> {
    const { profiles, seconds } = this.#settings
    for (const kind of profiles) {
      if (signal.aborted) return
      try {
        const wish = { kind, seconds, reason: periodicReason, signal }
        const profile = await this.#parts.take(target, wish)
        this.taken++
        await this.#parts.sink.put(profile)
      } catch (error) {
        if (signal.aborted) return
        // Whoever took it has logged it, and so has the sink.
        const code = error instanceof OperationalError ? error.code : 'internal-error'
        this.#skip(code)
        if (code === 'target-vanished') return
      }
    }
  }

  #skip(reason: string): void {
    this.skipped.set(reason, (this.skipped.get(reason) ?? 0) + 1)
  }
}

function keyOf({ id, pid, startTimeTicks }: Target): string {
  return pid === 0 ? id : `${pid}/${startTimeTicks}`
}

/** From 0 to 1, the same for each process in each round. */
function placeOf(target: Target): number {
  const digest = createHash('sha256').update(keyOf(target)).digest()
  return digest.readUInt32BE(0) / 2 ** 32
}

async function until(atMs: number, signal: AbortSignal): Promise<void> {
  const waitMs = Math.max(0, atMs - performance.now())
  await sleep(waitMs, undefined, { signal, ref: false }).catch(() => undefined)
}
