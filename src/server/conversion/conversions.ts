/**
 * Conversions of recordings: small ones at once, large ones in a thread of their own, so that nobody
 * else's answer waits for them.
 */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { errorOf } from '../../convert/failures.ts'
import { CaptureError } from '../../errors.ts'
import { type AskSources, findBy } from '../target-sources.ts'
import { type ConversionJob, type Converted, convert, jobBytes } from './conversion-job.ts'
import { type FromConverter, type ToConverter, unpack } from './conversion-messages.ts'
import { type Handover, handOver } from './hand-over.ts'

export interface ConversionsOptions {
  /** V8's text of a recording that is converted at once. (default: 64 KiB) */
  readonly inlineBytes?: number | undefined
  /** (default: 90,000) */
  readonly idleMs?: number | undefined
}

/** Takes some 5 ms where the code is warm, and 20 where it is not; a message to a thread takes 1. */
const defaultInlineBytes = 64 * 1024

/** What V8 makes of so many is mostly too large to be converted at once. */
const manySamples = 500

/**
 * A scraper comes every 10 to 60 s, and finds the code compiled: a first conversion takes five times the
 * CPU time of a tenth. The thread holds some 15 MB.
 */
const defaultIdleMs = 90_000

/**
 * A conversion makes few objects that live on. V8 would let the young ones grow to 48 MB before it looks:
 * this saves 30 MB with 200,000 nodes, and takes no longer.
 */
const maxYoungGenerationSizeMb = 6

/** Beside this file, compiled as this one is. */
const thread = new URL(`./conversion-thread${extname(import.meta.url)}`, import.meta.url)

export class Conversions {
  readonly #options: ConversionsOptions
  readonly #pending = new Map<number, Pending>()
  #worker: Worker | undefined
  #idle: NodeJS.Timeout | undefined
  #lastId = 0
  #closed = false

  constructor(options: ConversionsOptions = {}) {
    this.#options = options
  }

  /**
   * `handover`: whether V8's texts may be taken away, which saves a copy; then nobody can read them
   * afterwards.
   * @throws {CaptureError} recording-invalid, capture-too-costly, capture-aborted when pprofd is stopping.
   */
  async run(job: ConversionJob, ask?: AskSources, handover: Handover = 'copy'): Promise<Converted> {
    const { inlineBytes = defaultInlineBytes } = this.#options
    if (isWritten(job) || jobBytes(job) <= inlineBytes) return convert(job, ask && findBy(ask))
    const handed = await handOver(job, handover)
    if (this.#closed) throw stopping()
    return await this.#send(handed.job, ask, handed.buffers)
  }

  /** Starts the thread, which takes some 100 ms, while so many samples are being recorded, if that is for it. */
  prepare(samples: number): void {
    if (samples < manySamples || this.#closed || this.#pending.size > 0) return
    clearTimeout(this.#idle)
    this.#worker ??= this.#start()
    this.#rest()
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#end(stopping())
  }

  #send(
    job: ConversionJob,
    ask: AskSources | undefined,
    buffers: readonly ArrayBuffer[],
  ): Promise<Converted> {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId
      this.#pending.set(id, { ask, resolve, reject })
      clearTimeout(this.#idle)
      this.#worker ??= this.#start()
      this.#worker.ref()
      this.#post({ id, kind: 'convert', job, hasSources: ask !== undefined }, buffers)
    })
  }

  #start(): Worker {
    const worker = new Worker(thread, {
      name: 'pprofd-convert',
      resourceLimits: { maxYoungGenerationSizeMb },
    })
    worker.on('message', (message: FromConverter) => void this.#receive(message))
    worker.on('error', (error) => {
      if (this.#worker === worker) void this.#end(threadError(error))
    })
    return worker
  }

  async #receive(message: FromConverter): Promise<void> {
    const pending = this.#pending.get(message.id)
    if (!pending) return
    if (message.kind === 'ask') {
      const answer = (await pending.ask?.(message.scripts)) ?? {}
      if (this.#pending.has(message.id)) this.#post({ id: message.id, kind: 'sources', answer })
      return
    }
    this.#pending.delete(message.id)
    if (message.kind === 'done') pending.resolve(unpack(message.result))
    else pending.reject(errorOf(message.failure))
    if (this.#pending.size === 0) this.#rest()
  }

  #rest(): void {
    // It keeps no process alive that has nothing else to do.
    this.#worker?.unref()
    const { idleMs = defaultIdleMs } = this.#options
    this.#idle = setTimeout(() => void this.#end(stopping()), idleMs).unref()
  }

  #post(message: ToConverter, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker?.postMessage(message, transfer)
  }

  /** The next job starts another thread. */
  async #end(reason: Error): Promise<void> {
    clearTimeout(this.#idle)
    const worker = this.#worker
    this.#worker = undefined
    for (const { reject } of this.#pending.values()) reject(reason)
    this.#pending.clear()
    await worker?.terminate()
  }
}

interface Pending {
  readonly ask: AskSources | undefined
  readonly resolve: (converted: Converted) => void
  readonly reject: (error: Error) => void
}

/** V8's own text is an answer already. */
function isWritten(job: ConversionJob): boolean {
  const isText = job.kind === 'profile' && job.format === 'cpuprofile'
  return isText && job.recording.threads.every(({ laterWindows }) => laterWindows === undefined)
}

function stopping(): CaptureError {
  return new CaptureError('capture-aborted', 'pprofd is stopping')
}

function threadError(cause: Error): Error {
  if (!('code' in cause) || cause.code !== 'ERR_WORKER_OUT_OF_MEMORY') return cause
  const message = 'the recording takes more memory to convert than pprofd has'
  return new CaptureError('capture-too-costly', message, { cause })
}
