/**
 * How many captures may run: of one target, because each costs it, of one user, so that nobody keeps
 * the others out, and in all, because each holds a recording in our memory. Captures run side by side up to the limits (`pprof -diff_base` sends
 * two requests at once); beyond them the caller is told when to come back.
 */
import { CaptureError } from '../errors.ts'

export interface CaptureLimits {
  readonly capturesPerTarget: number
  readonly capturesPerUid: number
  readonly captures: number
}

export interface CaptureRequest {
  /** Identifies the process, however it was called in the request. */
  readonly targetKey: string
  /** Who asks; users that are not known are one. */
  readonly uid: number | undefined
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

/** How long answers that wait take to be sent is the clients' affair; most are gone in a moment. */
const fullRetrySeconds = 5

interface RunningCapture extends CaptureRequest {
  readonly endsAtMs: number
}

export class CaptureAdmission {
  readonly #limits: CaptureLimits
  readonly #outbox: { readonly isFull: boolean }
  readonly #nowMs: () => number
  readonly #running = new Set<RunningCapture>()
  readonly #idleWaiters: (() => void)[] = []
  #closed = false

  /** `outbox`: refuses captures while the answers of others wait to be sent. */
  constructor(
    limits: CaptureLimits,
    outbox: { readonly isFull: boolean } = { isFull: false },
    nowMs: () => number = () => performance.now(),
  ) {
    this.#limits = limits
    this.#outbox = outbox
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
    const reason = new CaptureError('capture-aborted', 'pprofd is stopping')
    for (const { abort } of this.#running) abort.abort(reason)
    if (this.#running.size === 0) return
    await new Promise<void>((resolve) => this.#idleWaiters.push(resolve))
  }

  #admit({ targetKey, uid }: CaptureRequest): void {
    if (this.#closed) throw new CaptureError('capture-aborted', 'pprofd is stopping')
    const all = [...this.#running]
    const ofTarget = all.filter((capture) => capture.targetKey === targetKey)
    this.#refuseOver(ofTarget, this.#limits.capturesPerTarget, 'of this target')
    const ofUser = all.filter((capture) => capture.uid === uid)
    const user = uid === undefined ? 'of users that are not known' : `of uid ${uid}`
    this.#refuseOver(ofUser, this.#limits.capturesPerUid, user)
    this.#refuseOver(all, this.#limits.captures, 'in all')
    if (this.#outbox.isFull) throw answersWait()
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

/** Too many bytes of answers wait for their clients. */
export function answersWait(): CapturesExhausted {
  return new CapturesExhausted(
    `too many bytes of answers wait for their clients to take them; ask again in ${fullRetrySeconds} s`,
    fullRetrySeconds,
  )
}
