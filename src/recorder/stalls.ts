/** The stall watch as the daemon has it: what becomes of a report, and who hears of it. */
import type { FindSources } from '../convert/source-lookup.ts'
import { writtenFrames } from '../convert/written-frames.ts'
import type { Target } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import type { LastProfile, ProfileSink, RecordedProfile } from './recorded-profile.ts'
import { frameText, headline, type StallReport, stallText } from './stall-report.ts'
import { type StallOptions, StallWatch, type WatchedTarget } from './stall-watch.ts'

/** What a pino logger has. */
export interface StallLog {
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export interface StallsParts {
  readonly targets: Targets
  readonly options: StallOptions
  readonly log: StallLog
  /** Where reports, and the ring around them, are kept. */
  readonly sinks?: readonly ProfileSink[]
  /** The ring's last minutes of a target that is recorded continuously. */
  readonly lastProfile?: LastProfile | undefined
  /** Undefined where no source maps are wanted. */
  readonly findSources?: ((target: Target) => FindSources | undefined) | undefined
  readonly graceMs?: number | undefined
}

export type StallListener = (report: StallReport) => void

/** A report has some 20 KB: 2 MB at the most. */
const maxReports = 100
/** What happened before a stall often explains it. */
const ringSeconds = 120
const loggedFrames = 5

export class Stalls {
  readonly #parts: StallsParts
  readonly #watch: StallWatch
  readonly #listeners = new Set<StallListener>()
  #reports: readonly StallReport[] = []
  #thresholdMs: number

  constructor(parts: StallsParts) {
    this.#parts = parts
    const { targets, options, log, graceMs } = parts
    this.#thresholdMs = options.thresholdMs
    this.#watch = new StallWatch(targets, {
      options,
      graceMs,
      deliver: (report) => this.#deliver(report),
      onUnwatchable: ({ id, pid }) =>
        log.warn({ target: id, pid }, 'the event loop of this target cannot be watched for stalls'),
    })
  }

  get thresholdMs(): number {
    return this.#thresholdMs
  }

  /** The newest first. */
  get reports(): readonly StallReport[] {
    return this.#reports
  }

  watched(): readonly WatchedTarget[] {
    return this.#watch.watched()
  }

  /** Returns what ends the listening. */
  onStall(listener: StallListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  start(): void {
    this.#watch.start()
  }

  reconfigure(options: StallOptions): void {
    this.#thresholdMs = options.thresholdMs
    this.#watch.reconfigure(options)
  }

  close(): Promise<void> {
    return this.#watch.close()
  }

  async #deliver(asRun: StallReport): Promise<void> {
    const report = await this.#asWritten(asRun)
    this.#reports = [report, ...this.#reports].slice(0, maxReports)
    this.#parts.log.warn(logFields(report), headline(report))
    for (const listener of this.#listeners) this.#tell(listener, report)
    await this.#store(asProfile(report))
    await this.#storeRing(report)
  }

  async #asWritten(report: StallReport): Promise<StallReport> {
    const find = this.#parts.findSources?.(report.target)
    if (find === undefined || report.stacks.length === 0) return report
    const all = report.stacks.flatMap(({ frames }) => frames)
    const written = await writtenFrames(all, find)
    const stacks = report.stacks.map((stack) => ({
      ...stack,
      frames: stack.frames.map(written.of),
    }))
    return { ...report, stacks }
  }

  #tell(listener: StallListener, report: StallReport): void {
    try {
      listener(report)
    } catch (err) {
      this.#parts.log.error({ err, target: report.target.id }, 'a stall could not be passed on')
    }
  }

  async #storeRing({ target, durationMs }: StallReport): Promise<void> {
    if (this.#parts.lastProfile === undefined) return
    const seconds = ringSeconds + Math.ceil(durationMs / 1000)
    const reason = `around a stall of ${Math.round(durationMs)} ms`
    try {
      const ring = await this.#parts.lastProfile(target, { seconds, reason })
      if (ring !== undefined) await this.#store(ring)
    } catch (err) {
      this.#parts.log.error({ err, target: target.id }, 'the ring around a stall could not be kept')
    }
  }

  async #store(profile: RecordedProfile): Promise<void> {
    for (const sink of this.#parts.sinks ?? []) {
      try {
        await sink.put(profile)
      } catch (err) {
        this.#parts.log.error({ err, target: profile.target.id }, 'a stall could not be stored')
      }
    }
  }
}

/** One line that says what to look at. */
function logFields(report: StallReport): object {
  const { id, target, durationMs, ended, stacks, waitsFor, notes, detectedBy, passedOver } = report
  return {
    stall: id,
    target: target.id,
    targetPid: target.pid,
    startedAt: new Date(report.startedAtMs).toISOString(),
    durationMs: Math.round(durationMs),
    ended,
    detectedBy,
    frames: stacks[0]?.frames.slice(0, loggedFrames).map(frameText) ?? [],
    ...(waitsFor === undefined ? {} : { waitsFor }),
    ...(notes.length === 0 ? {} : { notes }),
    ...(passedOver === 0 ? {} : { passedOver }),
  }
}

function asProfile(report: StallReport): RecordedProfile {
  const { target, nodeVersion, startedAtMs, durationMs } = report
  return {
    kind: 'stall',
    target,
    nodeVersion,
    reason: headline(report),
    startedAtMs,
    durationMs,
    bytes: Buffer.from(stallText(report)),
    contentType: 'text/plain; charset=utf-8',
    extension: '.txt',
  }
}
