/**
 * How many captures may run: of one target, because each costs it, and in all, because each holds
 * a recording in our memory. Captures run side by side up to the limits (`pprof -diff_base` sends
 * two requests at once); beyond them the caller is told when to come back.
 */
import { CaptureError } from '../errors.ts'

export interface CaptureLimits {
  readonly capturesPerTarget: number
  readonly captures: number
}

export interface CaptureRequest {
  /** Identifies the process, however it was called in the request. */
  readonly targetKey: string
  readonly durationMs: number
  /** Aborted by whoever starts the capture when its client leaves, and by `close`. */
  readonly abort: AbortController
}

/** Too many captures run; carries when the next one ends. */
export class CapturesExhausted extends CaptureError {
  readonly retryAfterSeconds: number

  constructor(message: string, retryAfterSeconds: number) {
    super('captures-exhausted', message)
    this.retryAfterSeconds = retryAfterSeconds
  }
}

interface RunningCapture extends CaptureRequest {
  readonly endsAtMs: number
}

export class CaptureAdmission {
  readonly #limits: CaptureLimits
  readonly #nowMs: () => number
  readonly #running = new Set<RunningCapture>()
  readonly #idleWaiters: (() => void)[] = []
  #closed = false

  constructor(limits: CaptureLimits, nowMs: () => number = () => performance.now()) {
    this.#limits = limits
    this.#nowMs = nowMs
  }

  get runningCount(): number {
    return this.#running.size
  }

  /** Runs `work` in a slot, which is free again when `work` has settled, whatever the outcome. */
  async run<T>(request: CaptureRequest, work: () => Promise<T>): Promise<T> {
    this.#admit(request)
    const capture = { ...request, endsAtMs: this.#nowMs() + request.durationMs }
    this.#running.add(capture)
    try {
      return await work()
    } finally {
      this.#running.delete(capture)
      if (this.#running.size === 0) for (const wake of this.#idleWaiters.splice(0)) wake()
    }
  }

  /** Refuses new captures, aborts the running ones, and resolves when their targets are restored. */
  async close(): Promise<void> {
    this.#closed = true
    for (const { abort } of this.#running) abort.abort()
    if (this.#running.size === 0) return
    await new Promise<void>((resolve) => this.#idleWaiters.push(resolve))
  }

  #admit({ targetKey }: CaptureRequest): void {
    if (this.#closed) throw new CaptureError('capture-aborted', 'pprofd is stopping')
    const all = [...this.#running]
    const ofTarget = all.filter((capture) => capture.targetKey === targetKey)
    this.#refuseOver(ofTarget, this.#limits.capturesPerTarget, 'of this target')
    this.#refuseOver(all, this.#limits.captures, 'in all')
  }

  #refuseOver(running: readonly RunningCapture[], limit: number, scope: string): void {
    if (running.length < limit) return
    const nextEndMs = Math.min(...running.map(({ endsAtMs }) => endsAtMs))
    // At least 1: an overdue capture is being converted and will be gone in a moment.
    const seconds = Math.max(1, Math.ceil((nextEndMs - this.#nowMs()) / 1000))
    throw new CapturesExhausted(
      `${running.length} captures ${scope} run already and the limit is ${limit}; ask again in ${seconds} s`,
      seconds,
    )
  }
}
