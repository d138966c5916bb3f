/**
 * One thread's CPU profile in windows without gaps. V8 hands a profile over only when it ends, and its
 * start walks the heap; but a profile that starts while another runs in the same session shares its
 * sampler and its map of code. So the next one starts before the last one ends, through
 * `console.profile` and `profileEnd`, which take effect in all sessions of the thread that have the
 * profiler enabled: titles tell whose a profile is.
 */
import { randomUUID } from 'node:crypto'
import { CaptureError } from '../errors.ts'
import { evaluate } from '../inspector/evaluate.ts'
import type { CommandOptions, Session } from '../inspector/session.ts'
import { enableProfiler } from './cpu-thread.ts'

/** `inspector.console` is V8's own, also where a program has changed `console` or has a `profile`. */
const consoleOfV8 =
  "(globalThis.process?.getBuiltinModule?.('node:inspector') ?? require('node:inspector')).console"

/** Whoever shows the samples leaves this out: it is ours (convert/trace/window-frames.ts). */
const windowScript = 'pprofd:window'

export class ProfileWindows {
  readonly #session: Session
  readonly #prefix = `pprofd-${randomUUID()}`
  readonly #finished = new Map<string, Uint8Array>()
  readonly #unlisten: () => void
  #number = 0

  constructor(session: Session) {
    this.#session = session
    this.#unlisten = session.on('Profiler.consoleProfileFinished', ({ title, profile }) => {
      const isOurs = title === this.#title(this.#number)
      if (isOurs) this.#finished.set(title, Buffer.from(JSON.stringify(profile)))
    })
  }

  /** Resolves to the round trip of the start in ms: an upper bound of how long the thread stood still. */
  async start(samplingIntervalUs: number, { timeoutMs, signal }: CommandOptions): Promise<number> {
    await enableProfiler(this.#session, samplingIntervalUs, signal)
    const startedMs = performance.now()
    this.#number = 1
    await this.#evaluate(`c.profile('${this.#title(1)}')`, { timeoutMs, signal })
    return performance.now() - startedMs
  }

  /** Ends the window and begins the next one. Resolves to the JSON text of V8's Profiler.Profile. */
  async next(options: CommandOptions): Promise<Uint8Array> {
    const ended = this.#title(this.#number)
    const begun = this.#title(this.#number + 1)
    await this.#evaluate(`c.profile('${begun}'); c.profileEnd('${ended}')`, options)
    this.#number++
    return this.#take(ended)
  }

  /** Ends the last window. */
  async end(options: CommandOptions): Promise<Uint8Array> {
    const ended = this.#title(this.#number)
    await this.#evaluate(`c.profileEnd('${ended}')`, options)
    return this.#take(ended)
  }

  /** Makes sure that nothing of it is on, whatever happened before: here, and in other sessions. */
  async close(timeoutMs = 1500): Promise<void> {
    this.#unlisten()
    if (this.#number > 0) {
      const open = [this.#number, this.#number + 1].map((number) => this.#title(number))
      const ends = open.map((title) => `c.profileEnd('${title}')`).join('; ')
      await this.#evaluate(ends, { timeoutMs }).catch(() => {})
    }
    await this.#session.send('Profiler.disable', {}, { timeoutMs }).catch(() => {})
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
    const expression = `{ const c = ${consoleOfV8}; ${work} }\n//# sourceURL=${windowScript}`
    await evaluate(this.#session, expression, { ...options, usesModules: true })
  }
}
