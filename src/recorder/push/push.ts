/** Sends profiles to an engine: what rules hand over, and what is taken in rounds. Off where no URL is set. */
import { CaptureError } from '../../errors.ts'
import type { Target } from '../../targets/target.ts'
import type { ProfileSink, RecordedProfile, TakeProfile } from '../recorded-profile.ts'
import type { Report } from '../report.ts'
import { type DropReason, type EngineSettings, Outgoing, type OutgoingTimes } from './outgoing.ts'
import { type RoundSettings, Rounds } from './rounds.ts'

export interface PushSettings extends RoundSettings, EngineSettings {
  /** Of what waits on disk. */
  readonly maxQueueBytes: number
}

export interface PushParts {
  /** Where what waits is kept. */
  readonly folder: string
  readonly listTargets: () => Promise<readonly Target[]>
  readonly report: Report
  readonly times?: OutgoingTimes | undefined
}

export interface PushStatus {
  readonly url: string
  readonly format: string
  /** `refused`: the engine takes nothing from us, `lastError` says why. */
  readonly state: 'running' | 'refused' | 'stopped'
  readonly queued: number
  readonly queuedBytes: number
  /** The counts are since the start. */
  readonly sent: number
  readonly taken: number
  readonly dropped: Readonly<Record<DropReason | 'not-kept', number>>
  /** Rounds of targets, or profiles of them, by reason. */
  readonly skipped: Readonly<Record<string, number>>
  readonly lastError: string | undefined
}

export class Push implements ProfileSink {
  readonly #parts: PushParts
  readonly #outgoing: Outgoing
  #settings: PushSettings
  #take: TakeProfile | undefined
  #rounds: Rounds | undefined
  #taken = 0
  #notKept = 0
  readonly #skipped = new Map<string, number>()

  constructor(settings: PushSettings, parts: PushParts) {
    const { folder, report, times } = parts
    this.#settings = settings
    this.#parts = parts
    this.#outgoing = new Outgoing(folder, settings.maxQueueBytes, settings, report, times)
  }

  begin(take: TakeProfile): void {
    this.#take = take
    this.#outgoing.begin()
    this.#beginRounds(take)
  }

  /** What waits to be sent stays on disk. */
  async end(): Promise<void> {
    this.#take = undefined
    await this.#endRounds()
    await this.#outgoing.end()
  }

  /**
   * Resolves when it is on disk, to be sent as soon as the engine takes it.
   * @throws {CaptureError} profile-not-kept.
   */
  async put(profile: RecordedProfile): Promise<void> {
    try {
      if (profile.kind === 'trace' || profile.kind === 'stall') throw notPprof()
      await this.#outgoing.put(profile)
    } catch (error) {
      this.#notKept++
      this.#outgoing.lastError = error instanceof Error ? error.message : String(error)
      this.#parts.report('warn', 'push: a profile could not be queued', { err: error })
      throw error
    }
  }

  /** Begins anew also where nothing has changed: a refused engine is asked again. */
  async reconfigure(settings: PushSettings): Promise<void> {
    this.#settings = settings
    this.#outgoing.reconfigure(settings, settings.maxQueueBytes)
    await this.#endRounds()
    if (this.#take !== undefined) this.#beginRounds(this.#take)
  }

  status(): PushStatus {
    const { url, format } = this.#settings
    const { counts, refused, folder, lastError } = this.#outgoing
    const rounds = [...this.#skipped, ...(this.#rounds?.skipped ?? [])]
    const skipped: Record<string, number> = {}
    for (const [reason, count] of rounds) skipped[reason] = (skipped[reason] ?? 0) + count
    const running = this.#take === undefined ? 'stopped' : 'running'
    return {
      url,
      format,
      state: refused === undefined ? running : 'refused',
      queued: folder.count,
      queuedBytes: folder.bytes,
      sent: counts.sent,
      taken: this.#taken + (this.#rounds?.taken ?? 0),
      dropped: { ...counts.dropped, 'not-kept': this.#notKept },
      skipped,
      lastError,
    }
  }

  #beginRounds(take: TakeProfile): void {
    const { listTargets, report } = this.#parts
    const isRefused = () => this.#outgoing.refused !== undefined
    const parts = { take, sink: this, listTargets, isRefused, report }
    this.#rounds = new Rounds(this.#settings, parts)
    this.#rounds.begin()
  }

  async #endRounds(): Promise<void> {
    const rounds = this.#rounds
    if (rounds === undefined) return
    await rounds.end()
    if (this.#rounds !== rounds) return
    this.#taken += rounds.taken
    for (const [reason, count] of rounds.skipped) {
      this.#skipped.set(reason, (this.#skipped.get(reason) ?? 0) + count)
    }
    this.#rounds = undefined
  }
}

function notPprof(): CaptureError {
  const message =
    'a trace cannot be pushed: engines take profiles in the form of pprof only; keep it on disk'
  return new CaptureError('profile-not-kept', message)
}
