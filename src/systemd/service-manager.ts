/**
 * Telling systemd how the daemon is, by sd_notify(3): the message is a datagram to a unix socket, which
 * Node cannot send, so systemd's own systemd-notify(1) sends it. Where no systemd started us, or the unit
 * does not ask for it, nothing is sent.
 */
import { spawn } from 'node:child_process'

export interface ServiceManagerOptions {
  /** $NOTIFY_SOCKET; undefined: nobody listens. */
  readonly notifySocket: string | undefined
  /** Within which systemd wants to hear of us, or it ends us; undefined: it does not watch. */
  readonly watchdogMs: number | undefined
  /** To find systemd-notify with. */
  readonly path: string | undefined
  /** Told the first time that a message could not be sent. */
  readonly onFailure: (error: Error) => void
}

/** It waits for systemd to have read the message, 5 s at most. */
const sendTimeoutMs = 10_000

export class ServiceManager {
  readonly #options: ServiceManagerOptions
  /** One after the other: systemd takes the last word. */
  #sent: Promise<void> = Promise.resolve()
  #sending = 0
  #hasFailed = false
  #watchdog: NodeJS.Timeout | undefined

  constructor(options: ServiceManagerOptions) {
    this.#options = options
  }

  /** Ready, or ready again after `reloading`. `status` is what `systemctl status` shows. */
  ready(status: string): Promise<void> {
    this.#watch()
    return this.#send('READY=1', statusLine(status))
  }

  reloading(): Promise<void> {
    // Type=notify-reload compares it with its own clock: microseconds of CLOCK_MONOTONIC.
    const monotonicUs = process.hrtime.bigint() / 1000n
    return this.#send('RELOADING=1', `MONOTONIC_USEC=${monotonicUs}`, statusLine('reloading'))
  }

  stopping(): Promise<void> {
    return this.#send('STOPPING=1', statusLine('stopping'))
  }

  /** Ends the watchdog's messages and waits for those on their way. */
  async close(): Promise<void> {
    clearInterval(this.#watchdog)
    await this.#sent
  }

  /** A timer is the proof: it fires only while the event loop turns. Half the time, as systemd advises. */
  #watch(): void {
    const { watchdogMs } = this.#options
    if (watchdogMs === undefined || this.#watchdog !== undefined) return
    const beat = () => {
      if (this.#sending === 0) void this.#send('WATCHDOG=1')
    }
    this.#watchdog = setInterval(beat, watchdogMs / 2).unref()
  }

  #send(...lines: readonly string[]): Promise<void> {
    if (this.#options.notifySocket === undefined) return this.#sent
    this.#sending++
    this.#sent = this.#sent.then(async () => {
      await this.#spawn(lines).catch((error: Error) => this.#fail(error))
      this.#sending--
    })
    return this.#sent
  }

  #spawn(lines: readonly string[]): Promise<void> {
    const { notifySocket = '', path = '' } = this.#options
    return new Promise((resolve, reject) => {
      const child = spawn('systemd-notify', lines, {
        env: { NOTIFY_SOCKET: notifySocket, PATH: path },
        stdio: 'ignore',
        timeout: sendTimeoutMs,
      })
      child.once('error', reject)
      child.once('exit', (code, signal) => {
        if (code === 0) resolve()
        else reject(new Error(`systemd-notify ended with ${code ?? signal}`))
      })
    })
  }

  #fail(error: Error): void {
    if (this.#hasFailed) return
    this.#hasFailed = true
    this.#options.onFailure(error)
  }
}

/** A message ends at its line's end. */
function statusLine(text: string): string {
  return `STATUS=${text.replace(/\s+/g, ' ')}`
}
