/**
 * The heap recordings of a daemon. V8 has one sampling heap profiler a thread, so that recordings of one
 * process share it or run one after the other; those that are asked for at the same time are one.
 */
import { CaptureError } from '../errors.ts'
import type { Target } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import { captureFailure } from './attached.ts'
import { ContinuousHeap, heapDifference, sharedForMs } from './continuous-heap.ts'
import { type HeapOptions, recordHeap } from './heap.ts'
import type { HeapRecording } from './heap-recording.ts'
import { refuseLongPause } from './refuse-long-pause.ts'
import { SharedCapture } from './shared-capture.ts'

export interface HeapRequest extends HeapOptions {
  /** Go on sampling for the requests that come. It counts what lives, whatever `counting` says. */
  readonly isContinuous: boolean
}

interface Window {
  readonly key: string
  readonly capture: SharedCapture<HeapRecording>
  readonly beganMs: number
}

export class HeapSamplers {
  readonly #targets: Targets
  readonly #continuous = new Map<string, Promise<ContinuousHeap>>()
  /** By process; the last one is the one to wait for. */
  readonly #windows = new Map<string, Window[]>()
  #isClosed = false

  constructor(targets: Targets) {
    this.#targets = targets
  }

  /** How many processes are sampled between requests. */
  get continuousCount(): number {
    return this.#continuous.size
  }

  /** @throws as `recordHeap`. */
  async record(target: Target, request: HeapRequest): Promise<HeapRecording> {
    if (this.#isClosed) throw new CaptureError('capture-aborted', 'pprofd is stopping')
    this.#targets.checkAllowed(target, 'heap')
    if (request.isContinuous) return this.#recordContinuously(target, request)
    await this.#letGo(keyOf(target))
    return this.#window(target, request).join(request.signal)
  }

  /** Ends what goes on between requests; the next request begins anew. */
  async letGoOfAll(): Promise<void> {
    await Promise.allSettled([...this.#continuous.keys()].map((key) => this.#letGo(key)))
  }

  /** Refuses new recordings and ends what goes on; running windows are aborted by who asked for them. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.letGoOfAll()
  }

  #window(target: Target, request: HeapRequest): SharedCapture<HeapRecording> {
    const process = keyOf(target)
    const key = windowKey(request)
    const windows = this.#windows.get(process) ?? []
    this.#windows.set(process, windows)
    // A delta is of the time from now on; a moment does not matter.
    const isWanted = (window: Window) =>
      window.key === key &&
      window.capture.isGood &&
      window.capture.endedForMs < sharedForMs &&
      (!request.isDelta || performance.now() - window.beganMs < sharedForMs)
    const known = windows.find(isWanted)
    if (known !== undefined) return known.capture
    const previous = windows.at(-1)?.capture.result
    const capture = new SharedCapture(async (signal) => {
      await previous?.catch(() => {})
      return recordHeap(this.#targets, target, { ...request, signal })
    })
    const window = { key, capture, beganMs: performance.now() }
    windows.push(window)
    // Kept no longer than it is shared: a recording may have many megabytes.
    const forget = () => {
      windows.splice(windows.indexOf(window), 1)
      if (windows.length === 0) this.#windows.delete(process)
    }
    const forgetLater = () => void setTimeout(forget, sharedForMs).unref()
    capture.result.then(forgetLater, forgetLater)
    return capture
  }

  async #recordContinuously(target: Target, request: HeapRequest): Promise<HeapRecording> {
    const { signal, maxPauseMs } = request
    await refuseLongPause(this.#targets, target, 'reading the heap profile', maxPauseMs)
    try {
      return await this.#readContinuously(target, request)
    } catch (error) {
      const isStopped = error instanceof CaptureError && error.code === 'recording-invalid'
      if (signal?.aborted || !isStopped) throw captureFailure(target, error, signal)
    }
    // Somebody else has stopped the sampler: begin anew.
    await this.#letGo(keyOf(target))
    return this.#readContinuously(target, request).catch((error) => {
      throw captureFailure(target, error, signal)
    })
  }

  async #readContinuously(
    target: Target,
    { durationMs, isDelta, gc, samplingIntervalBytes, signal }: HeapRequest,
  ): Promise<HeapRecording> {
    const heap = await abortable(this.#hold(target, samplingIntervalBytes), signal)
    if (isDelta) {
      // A reading that somebody else had a second ago would make the difference one of another time.
      const before = await abortable(heap.read(false, 0), signal)
      await heap.pass(durationMs, signal)
      return heapDifference(before, await abortable(heap.read(false, 0), signal))
    }
    await heap.pass(Math.max(0, durationMs - heap.sampledForMs), signal)
    return abortable(heap.read(gc), signal)
  }

  #hold(target: Target, samplingIntervalBytes: number): Promise<ContinuousHeap> {
    const key = keyOf(target)
    const known = this.#continuous.get(key)
    if (known !== undefined) return known
    const windows = this.#windows.get(key)?.map(({ capture }) => capture.result) ?? []
    const starting = Promise.allSettled(windows).then(() => {
      if (this.#isClosed) throw new CaptureError('capture-aborted', 'pprofd is stopping')
      return ContinuousHeap.start(this.#targets, target, samplingIntervalBytes)
    })
    this.#continuous.set(key, starting)
    const forget = () => {
      if (this.#continuous.get(key) === starting) this.#continuous.delete(key)
    }
    starting.then((heap) => heap.ended.then(forget), forget)
    return starting
  }

  async #letGo(key: string): Promise<void> {
    const held = this.#continuous.get(key)
    this.#continuous.delete(key)
    // What did not start needs no end.
    const heap = await held?.catch(() => undefined)
    await heap?.close()
  }
}

function keyOf({ id, instance }: Target): string {
  return instance === '' ? id : instance
}

function windowKey(request: HeapRequest): string {
  const { counting, durationMs, samplingIntervalBytes, gc, isDelta } = request
  return JSON.stringify([counting, durationMs, samplingIntervalBytes, gc, isDelta])
}

/** Ends the waiting, not the work, which others may wait for, too. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  let onAbort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(new CaptureError('capture-aborted', 'nobody waits for the profile'))
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
