/**
 * What waits to be sent, on disk, in the order in which it was taken; and its sending, one after the
 * other. A profile leaves the folder in the moment in which the engine says that it has it.
 */
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { type KeptFile, ProfileFolder } from '../profile-folder.ts'
import type { RecordedProfile } from '../recorded-profile.ts'
import type { Report } from '../report.ts'
import { type EngineFormat, engineBody, enginePaths } from './engine-request.ts'
import { post } from './post.ts'
import { type Verdict, verdictOf } from './verdict.ts'

export interface EngineSettings {
  /** Without a slash at the end. */
  readonly url: string
  readonly format: EngineFormat
  /** X-Scope-OrgID. */
  readonly tenant?: string | undefined
  /** Of the header Authorization, read anew each time; rejects where it cannot be read. */
  readonly authorization?: (() => Promise<Authorization>) | undefined
}

export interface Authorization {
  readonly header: string
  /** What must not be said anywhere. */
  readonly secret: string
}

export interface OutgoingTimes {
  /** For one request. */
  readonly timeoutMs: number
  /** After the first failure; twice as long after each further one, up to `maxBackoffMs`. */
  readonly minBackoffMs: number
  readonly maxBackoffMs: number
  /** How often a refused pprofd looks whether its token is another one. */
  readonly recheckMs: number
}

/** As Alloy's pyroscope.write does it. */
export const outgoingTimes: OutgoingTimes = {
  timeoutMs: 30_000,
  minBackoffMs: 500,
  maxBackoffMs: 300_000,
  recheckMs: 60_000,
}

const maxTries = 10

/** An engine that asks for more is asked again all the same. */
const maxRetryAfterMs = 3_600_000

export type DropReason = 'rejected' | 'gave-up' | 'queue-full' | 'unreadable'

export interface OutgoingCounts {
  sent: number
  readonly dropped: Record<DropReason, number>
}

export class Outgoing {
  readonly counts: OutgoingCounts = {
    sent: 0,
    dropped: { rejected: 0, 'gave-up': 0, 'queue-full': 0, unreadable: 0 },
  }
  lastError: string | undefined
  /** Why nothing is sent until somebody changes something. */
  refused: string | undefined
  readonly folder: ProfileFolder
  readonly #times: OutgoingTimes
  readonly #report: Report
  #engine: EngineSettings
  #sending: string | undefined
  #tries = 0
  #failures = 0
  #isFull = false
  /** Something was put. */
  #wake = new AbortController()
  /** The configuration is another one. */
  #changed = new AbortController()
  #run: Promise<void> | undefined
  #abort = new AbortController()

  constructor(
    path: string,
    maxBytes: number,
    engine: EngineSettings,
    report: Report,
    times: OutgoingTimes = outgoingTimes,
  ) {
    this.#engine = engine
    this.#times = times
    this.#report = report
    this.folder = new ProfileFolder(
      path,
      { maxBytes },
      {
        isInUse: ({ name }) => name === this.#sending,
        onEvicted: () => this.#dropOldest(),
      },
    )
  }

  begin(): void {
    if (this.#run !== undefined) return
    this.#abort = new AbortController()
    this.#run = this.#sendAll(this.#abort.signal)
  }

  /** What is not sent stays for the next start. */
  async end(): Promise<void> {
    this.#abort.abort()
    await this.#run
    this.#run = undefined
  }

  /** @throws {CaptureError} profile-not-kept. */
  async put(profile: RecordedProfile): Promise<void> {
    await this.folder.add(profile)
    this.#wakeUp()
  }

  reconfigure(engine: EngineSettings, maxBytes: number): void {
    this.#engine = engine
    this.folder.limits = { maxBytes }
    this.refused = undefined
    this.#failures = 0
    this.#wakeUp()
    this.#changed.abort()
    this.#changed = new AbortController()
  }

  async #sendAll(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const [file] = await this.folder.files()
        if (file === undefined) await this.#rest(undefined, signal)
        else await this.#sendOne(file, signal)
      } catch (error) {
        // The folder itself fails.
        this.lastError = error instanceof Error ? error.message : String(error)
        this.#report('error', 'push: its folder fails', { err: error })
        await this.#rest(this.#times.maxBackoffMs, signal)
      }
    }
  }

  async #sendOne(file: KeptFile, signal: AbortSignal): Promise<void> {
    if (this.#sending !== file.name) this.#tries = 0
    this.#sending = file.name
    const kept = await this.folder.read(file)
    if (kept === undefined) {
      await this.#remove(file)
      return this.#drop('unreadable', `${file.name} is not what was written`)
    }
    const verdict = await this.#ask(engineBody(this.#engine.format, kept, hostname()), signal)
    if (verdict === undefined || signal.aborted) return
    if (verdict.is === 'sent') {
      await this.#remove(file)
      return this.#succeeded()
    }
    if (verdict.is === 'rejected') {
      await this.#remove(file)
      this.#failures = 0
      return this.#drop('rejected', `the engine takes no ${file.name}: ${verdict.words}`)
    }
    if (verdict.is === 'refused') return this.#waitForAnotherToken(verdict.words, signal)
    await this.#tryLater(file, verdict, signal)
  }

  async #tryLater(
    file: KeptFile,
    { words, afterMs = 0 }: Extract<Verdict, { is: 'retry' }>,
    signal: AbortSignal,
  ): Promise<void> {
    this.#tries++
    this.#failures++
    if (this.#tries >= maxTries) {
      await this.#remove(file)
      this.#drop('gave-up', `${file.name} was tried ${maxTries} times: ${words}`)
    } else {
      this.#fail(words)
    }
    const { minBackoffMs, maxBackoffMs } = this.#times
    const backoffMs = Math.min(maxBackoffMs, minBackoffMs * 2 ** (this.#failures - 1))
    // From half of it on, so that many pprofds do not come back together.
    const jitteredMs = backoffMs * (0.5 + Math.random() / 2)
    const waitMs = Math.max(jitteredMs, Math.min(afterMs, maxRetryAfterMs))
    await this.#sleep(waitMs, AbortSignal.any([signal, this.#changed.signal]))
  }

  /** Undefined: it was ended meanwhile. */
  async #ask(body: string, signal: AbortSignal): Promise<Verdict | undefined> {
    const { url, format, tenant } = this.#engine
    const authorization = await this.#authorize()
    if (authorization instanceof Error) return { is: 'refused', words: authorization.message }
    const headers = {
      ...(tenant === undefined ? {} : { 'X-Scope-OrgID': tenant }),
      ...(authorization && { Authorization: authorization.header }),
    }
    const secret = authorization?.secret
    const { timeoutMs } = this.#times
    try {
      const to = new URL(`${url}${enginePaths[format]}`)
      const answer = await post(to, body, { headers, timeoutMs, signal })
      return verdictOf({ ...answer, text: without(answer.text, secret) })
    } catch (error) {
      if (signal.aborted) return undefined
      const words = error instanceof Error ? error.message : String(error)
      return { is: 'retry', words: without(words, secret) }
    }
  }

  async #authorize(): Promise<Authorization | Error | undefined> {
    try {
      return await this.#engine.authorization?.()
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error))
    }
  }

  async #waitForAnotherToken(words: string, signal: AbortSignal): Promise<void> {
    const before = await this.#authorize()
    this.refused = words
    this.lastError = words
    this.#report('error', 'push: the engine refuses, nothing is sent until the token changes', {
      answer: words,
    })
    while (!signal.aborted && this.refused !== undefined) {
      await this.#rest(this.#times.recheckMs, signal)
      const now = await this.#authorize()
      if (headerOf(now) !== headerOf(before)) this.refused = undefined
    }
  }

  async #remove(file: KeptFile): Promise<void> {
    await this.folder.remove(file)
    this.#sending = undefined
    this.#tries = 0
  }

  #succeeded(): void {
    this.counts.sent++
    this.#isFull = false
    if (this.#failures > 0) this.#report('info', 'push: the engine takes profiles again', {})
    this.#failures = 0
  }

  #dropOldest(): void {
    const words = 'older profiles make room for newer ones'
    // Told once for all that follow, until something is sent again.
    if (this.#isFull) {
      this.counts.dropped['queue-full']++
      this.lastError = words
    } else {
      this.#isFull = true
      this.#drop('queue-full', words)
    }
  }

  #drop(reason: DropReason, words: string): void {
    this.counts.dropped[reason]++
    this.lastError = words
    this.#report('warn', 'push: a profile was dropped', { reason, words })
  }

  #fail(words: string): void {
    // The first failure is told, and those that cost a profile.
    if (this.#failures === 1) {
      this.#report('warn', 'push: not sent, it is tried again', { words })
    }
    this.lastError = words
  }

  /** Until something is put, or the configuration changes, or the time is up. */
  async #rest(ms: number | undefined, signal: AbortSignal): Promise<void> {
    const wake = this.#wake.signal
    if (!wake.aborted) await this.#sleep(ms ?? 2 ** 30, AbortSignal.any([signal, wake]))
    if (wake.aborted) this.#wake = new AbortController()
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined)
  }

  #wakeUp(): void {
    this.#wake.abort()
  }
}

function headerOf(authorization: Authorization | Error | undefined): string | undefined {
  return authorization instanceof Error ? undefined : authorization?.header
}

/** Engines and proxies like to repeat what they were sent. */
function without(text: string, secret: string | undefined): string {
  return secret ? text.replaceAll(secret, '[token]') : text
}
