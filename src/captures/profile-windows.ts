/**
 * One thread's CPU profile in windows without gaps. V8 hands a profile over only when it ends, and its
 * start walks the heap; but a profile that starts while another runs in the same session shares its
 * sampler and its map of code. So the next one starts before the last one ends. A session has one profile by
 * `Profiler.start`, which is the first window; the others are begun by `console.profile`, which takes effect in
 * all sessions of the thread that have the profiler enabled: titles tell whose a profile is.
 */
import { randomUUID } from 'node:crypto'
import { CaptureError } from '../errors.ts'
import { evaluate } from '../inspector/evaluate.ts'
import type { CommandOptions, Session } from '../inspector/session.ts'
import { ensureProfilerOff, startProfiler, stopProfiler } from './cpu-thread.ts'

/** `inspector.console` is V8's own, also where a program has changed `console` or has a `profile`. */
const consoleOfV8 =
  "(globalThis.process?.getBuiltinModule?.('node:inspector') ?? require('node:inspector')).console"

/** Whoever shows the samples leaves this out: it is ours (convert/merge-profiles.ts). */
const windowScript = 'pprofd:window'

/** Without an answer the session's end does it. */
const closeTimeoutMs = 1500

export class ProfileWindows {
  readonly #session: Session
  readonly #prefix = `pprofd-${randomUUID()}`
  readonly #finished = new Map<string, Uint8Array>()
  readonly #unlisten: () => void
  #number = 0
  #usesConsole = false

  constructor(session: Session) {
    this.#session = session
    this.#unlisten = session.on('Profiler.consoleProfileFinished', ({ title, profileJson }) => {
      if (title === this.#title(this.#number)) this.#finished.set(title, profileJson)
    })
  }

  /** Whether other sessions may have been made to profile, too. */
  get usesConsole(): boolean {
    return this.#usesConsole
  }

  /** Resolves to the round trip of the start in ms: an upper bound of how long the thread stood still. */
  async start(samplingIntervalUs: number, options: CommandOptions): Promise<number> {
    const pauseMs = await startProfiler(this.#session, samplingIntervalUs, options)
    this.#number = 1
    return pauseMs
  }

  /** Ends the window and begins the next one. Resolves to the JSON text of V8's Profiler.Profile. */
  async next(options: CommandOptions): Promise<Uint8Array> {
    const begun = `c.profile('${this.#title(this.#number + 1)}')`
    if (this.#number === 1) {
      await this.#evaluate(begun, options)
      const { profileJson } = await stopProfiler(this.#session, options)
      this.#number++
      return profileJson
    }
    const ended = this.#title(this.#number)
    await this.#evaluate(`${begun}; c.profileEnd('${ended}')`, options)
    this.#number++
    return this.#take(ended)
  }

  /** Ends the last window. */
  async end(options: CommandOptions): Promise<Uint8Array> {
    if (this.#number === 1) return (await stopProfiler(this.#session, options)).profileJson
    const ended = this.#title(this.#number)
    await this.#evaluate(`c.profileEnd('${ended}')`, options)
    return this.#take(ended)
  }

  /** Makes sure that nothing of it is on, whatever happened before: here, and in other sessions. */
  async close(timeoutMs = closeTimeoutMs): Promise<void> {
    this.#unlisten()
    if (this.#usesConsole) {
      const open = [this.#number, this.#number + 1].map((number) => this.#title(number))
      const ends = open.map((title) => `c.profileEnd('${title}')`).join('; ')
      await this.#evaluate(ends, { timeoutMs }).catch(() => {})
    }
    await ensureProfilerOff(this.#session)
  }

  #title(number: number): string {
    return `${this.#prefix}-${number}`
  }

  /** V8 sends the profile before the answer to the command that ended it. */
  #take(title: string): Uint8Array {
    const profileJson = this.#finished.get(title)
    this.#finished.delete(title)
    if (profileJson) return profileJson
    throw new CaptureError('recording-invalid', 'the target sent no CPU profile')
  }

  async #evaluate(work: string, options: CommandOptions): Promise<void> {
    this.#usesConsole = true
    const expression = `{ const c = ${consoleOfV8}; ${work} }\n//# sourceURL=${windowScript}`
    await evaluate(this.#session, expression, { ...options, usesModules: true })
  }
}
