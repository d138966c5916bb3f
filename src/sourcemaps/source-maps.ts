/**
 * Where the code of a recording comes from: source maps and packages, read from the target's files in
 * a thread of their own. Nothing that a target has there can fail a recording or hold it up for long.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type {
  LookupAnswer,
  LookupRequest,
  ScriptQuestions,
  SourceAnswer,
  SourceLookup,
} from './questions.ts'
import { scriptsWithFiles, sourceLookup } from './source-lookup.ts'

export interface SourceMapsOptions {
  /** What is not found within that time stays as V8 named it. (default: 2,000) */
  readonly budgetMs?: number | undefined
  /** What the answers of all targets that are kept may take. (default: 32 MiB) */
  readonly cacheBytes?: number | undefined
  readonly procRoot?: string | undefined
}

/** The process whose files are read. */
export interface SourceTarget {
  readonly pid: number
  /** Empty where unknown. */
  readonly workingDirectory: string
}

/** Parca waits 3 s beyond the recording; attaching and converting need their part of it. */
const defaultBudgetMs = 2000

const defaultCacheBytes = 32 * 1024 * 1024

/** Later than the budget by so much, the thread is stuck, and ended. */
const graceMs = 1000

/** A scraper comes every 10 to 60 s and finds the thread warm; otherwise its memory is given back. */
const idleMs = 90_000

/** For all scripts of a recording; a large application's profile has some ten thousand. */
const maxQuestions = 200_000

const workerFile = new URL(
  import.meta.url.endsWith('.ts') ? './map-worker.ts' : './map-worker.js',
  import.meta.url,
)

export class SourceMaps {
  readonly #options: SourceMapsOptions
  readonly #pending = new Map<number, Pending>()
  #worker: Worker | undefined
  #idle: NodeJS.Timeout | undefined
  #lastId = 0
  #closed = false

  constructor(options: SourceMapsOptions = {}) {
    this.#options = options
  }

  /** Never rejects: what went wrong is in the lookup's notes. */
  async find(target: SourceTarget, scripts: readonly ScriptQuestions[]): Promise<SourceLookup> {
    return sourceLookup(scripts, await this.ask(target, scripts))
  }

  /** The same as plain data, for a thread that makes the lookup itself. */
  async ask(target: SourceTarget, scripts: readonly ScriptQuestions[]): Promise<SourceAnswer> {
    const files = scriptsWithFiles(scripts)
    if (files.length === 0 || this.#closed) return {}
    const count = files.reduce((sum, { lines }) => sum + lines.length, 0)
    if (count > maxQuestions) {
      return { note: `source maps: not applied, because ${count} positions are too many` }
    }
    const { budgetMs = defaultBudgetMs, procRoot = '/proc' } = this.#options
    const answer = await this.#request({
      id: ++this.#lastId,
      root: `${procRoot}/${target.pid}/root`,
      statusFile: `${procRoot}/${target.pid}/status`,
      workingDirectory: target.workingDirectory,
      scripts: files,
      deadlineMs: Date.now() + budgetMs,
    })
    if (typeof answer === 'string') return { note: answer }
    // Reading the message took its time already; others come first.
    await nextTurn()
    return { answer }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#end('pprofd is stopping')
  }

  /** Resolves to a note where there is no answer. */
  #request(request: LookupRequest): Promise<LookupAnswer | string> {
    const { budgetMs = defaultBudgetMs } = this.#options
    return new Promise((resolve) => {
      const timer = setTimeout(() => void this.#end('it took too long'), budgetMs + graceMs)
      this.#pending.set(request.id, { resolve, timer })
      clearTimeout(this.#idle)
      try {
        this.#worker ??= this.#start()
        this.#worker.ref()
        this.#worker.postMessage(request)
      } catch (error) {
        void this.#end(String(error))
      }
    })
  }

  #start(): Worker {
    const worker = new Worker(workerFile, {
      workerData: this.#options.cacheBytes ?? defaultCacheBytes,
      name: 'pprofd-maps',
      // The cache and the strings of one request; files are outside of this heap.
      resourceLimits: { maxOldGenerationSizeMb: 192 },
    })
    worker.on('message', (answer: LookupAnswer) => this.#settle(answer))
    worker.on('error', (error) => {
      if (this.#worker === worker) void this.#end(error.message)
    })
    return worker
  }

  #settle(answer: LookupAnswer): void {
    const pending = this.#pending.get(answer.id)
    this.#pending.delete(answer.id)
    if (pending) {
      clearTimeout(pending.timer)
      pending.resolve(answer)
    }
    if (this.#pending.size > 0) return
    // It keeps no process alive that has nothing else to do.
    this.#worker?.unref()
    this.#idle = setTimeout(() => void this.#end('it was idle'), idleMs).unref()
  }

  /** Whoever waits goes without maps; the next question starts another thread. */
  async #end(reason: string): Promise<void> {
    clearTimeout(this.#idle)
    const worker = this.#worker
    this.#worker = undefined
    for (const { resolve, timer } of this.#pending.values()) {
      clearTimeout(timer)
      resolve(`warning: source maps were not applied: ${reason}`)
    }
    this.#pending.clear()
    // A thread that hangs in the kernel would hold up whoever waits for its end.
    if (worker) await Promise.race([worker.terminate(), until(graceMs)])
  }
}

interface Pending {
  readonly resolve: (answer: LookupAnswer | string) => void
  readonly timer: NodeJS.Timeout
}

function until(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}
