/**
 * A heap snapshot on its way to what is made of it. The work is done in a thread of its own, because it
 * takes seconds a GB; whoever writes waits when the thread does not keep up, so nothing piles up here.
 */
import { Worker } from 'node:worker_threads'
import { CaptureError } from '../errors.ts'
import { errorOf } from './failures.ts'
import type { FromThread, ToThread } from './snapshot-messages.ts'

/** Bytes on their way to the thread. V8 sends chunks of 1 MB at most. */
const maxUnreadBytes = 4 * 1024 * 1024

/** For names and paths: what is not in flat arrays. A large service takes a tenth of it. */
const maxHeapMb = 512

export class SnapshotConversion<Header, Result> {
  readonly #worker: Worker
  readonly #exited: Promise<void>
  #isLoaded = false
  readonly #result: Promise<Result>
  #unreadBytes = 0
  #failure: unknown
  #isFailed = false
  #isDone = false
  #isClosed = false
  /** Set while a writer waits. */
  #wake: (() => void) | undefined

  /**
   * `thread`: a program that calls `serveSnapshot`. `maxBytes`: memory that it may take. Whoever makes
   * one also closes it.
   */
  constructor(thread: URL, maxBytes: number) {
    const resourceLimits = { maxOldGenerationSizeMb: maxHeapMb }
    this.#worker = new Worker(thread, { workerData: maxBytes, resourceLimits })
    this.#exited = new Promise((resolve) => this.#worker.once('exit', () => resolve()))
    this.#result = new Promise((resolve, reject) => {
      this.#worker.on('message', (message: FromThread<Result>) => {
        if (message.kind === 'loaded') this.#haveLoaded()
        else if (message.kind === 'read') this.#haveRead(message.bytes)
        else if (message.kind === 'done') {
          this.#isDone = true
          resolve(message.result)
        } else this.#fail(errorOf(message.failure), reject)
      })
      this.#worker.once('error', (error) => this.#fail(threadError(error), reject))
      this.#worker.once('exit', () => this.#fail(new Error('the thread ended'), reject))
    })
    // Nobody may be waiting for it yet; `write` and `finish` throw the same.
    this.#result.catch(() => {})
  }

  /**
   * The next bytes of the snapshot; resolves when there is room for more. They are copied.
   * @throws {CaptureError} recording-invalid, capture-too-costly.
   */
  async write(chunk: Uint8Array): Promise<void> {
    this.#throwFailure()
    const bytes = new Uint8Array(chunk)
    this.#unreadBytes += bytes.length
    this.#post({ kind: 'chunk', bytes }, [bytes.buffer])
    if (this.#unreadBytes <= maxUnreadBytes) return
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    this.#throwFailure()
  }

  /** All bytes were written. @throws as `write`. */
  finish(header: Header): Promise<Result> {
    if (!this.#isFailed) this.#post({ kind: 'end', header })
    return this.#result
  }

  /** Ends the thread, whatever it is doing. */
  async close(): Promise<void> {
    // One that is done ends by itself.
    this.#isClosed = true
    // Node never closes a file of its code that a thread was opening when it was ended: that is done when
    // it is loaded, and nobody waits, for it holds nothing yet.
    if (!this.#isLoaded) return
    if (!this.#isDone) await this.#worker.terminate()
    await this.#exited
  }

  #post(message: ToThread<Header>, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer)
  }

  #haveLoaded(): void {
    this.#isLoaded = true
    if (this.#isClosed) void this.#worker.terminate()
  }

  #haveRead(bytes: number): void {
    this.#unreadBytes -= bytes
    if (this.#unreadBytes <= maxUnreadBytes) this.#wake?.()
  }

  #fail(error: unknown, reject: (error: unknown) => void): void {
    if (this.#isFailed || this.#isDone) return
    this.#isFailed = true
    this.#failure = error
    reject(error)
    this.#wake?.()
  }

  #throwFailure(): void {
    if (this.#isFailed) throw this.#failure
  }
}

function threadError(error: Error): Error {
  if ('code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    const message = `the heap has too many different names: they take more than ${maxHeapMb} MB`
    return new CaptureError('capture-too-costly', message, { cause: error })
  }
  return error
}
