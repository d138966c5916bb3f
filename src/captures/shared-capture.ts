/** One capture that several requests wait for. It is given up when all of them have gone away. */
import { CaptureError } from '../errors.ts'

export class SharedCapture<T> {
  readonly result: Promise<T>
  readonly #abort = new AbortController()
  #waiting = 0
  #endedMs: number | undefined
  #hasFailed = false

  constructor(capture: (signal: AbortSignal) => Promise<T>) {
    this.result = capture(this.#abort.signal)
    const onEnd = () => {
      this.#endedMs = performance.now()
    }
    const onFailure = () => {
      this.#hasFailed = true
      onEnd()
    }
    this.result.then(onEnd, onFailure)
  }

  /** Whether it is worth waiting for. */
  get isGood(): boolean {
    return !this.#hasFailed && !this.#abort.signal.aborted
  }

  /** How long it has been over; 0 while it runs. */
  get endedForMs(): number {
    return this.#endedMs === undefined ? 0 : performance.now() - this.#endedMs
  }

  /** Rejects when the signal fires: at once where others wait still, else when the target is restored. */
  async join(signal: AbortSignal | undefined): Promise<T> {
    this.#waiting++
    let onAbort = () => {}
    const gone = new Promise<never>((_, reject) => {
      onAbort = () => {
        if (--this.#waiting === 0) this.#abort.abort(signal?.reason)
        else reject(new CaptureError('capture-aborted', 'nobody waits for the profile'))
      }
      if (signal?.aborted) onAbort()
      else signal?.addEventListener('abort', onAbort, { once: true })
    })
    try {
      return await Promise.race([this.result, gone])
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }
}
