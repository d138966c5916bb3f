/** The sampling heap profilers of all threads of a process, also of workers that start meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { CommandOptions, Session } from '../inspector/session.ts'
import { WorkerSessions } from '../inspector/worker-sessions.ts'
import type { Attachment } from '../targets/target.ts'
import type { HeapReading, HeapThreadRecording } from './heap-recording.ts'
import { HeapSampler, type HeapSamplerOptions, type TimedReading } from './heap-sampler.ts'
import { readNativeMemory } from './heap-statistics.ts'

export interface ThreadReadings {
  /** Main first. */
  readonly threads: readonly HeapThreadRecording[]
  readonly missing: readonly string[]
  /** Wall clock when the answers were there. */
  readonly readAtMs: number
  /** Of the main thread. */
  readonly pauseMs: number
}

export interface ReadOptions {
  /** Collect garbage thoroughly before. */
  readonly gc: boolean
  readonly signal?: AbortSignal | undefined
}

/** What each thread, by its name, said earlier. */
export type Baseline = ReadonlyMap<string, Partial<HeapReading>>

interface HeapThread {
  readonly thread: string
  readonly session: Session
  readonly starting: Promise<HeapSampler>
  sampler: HeapSampler | undefined
  /** What it held outside of the heap when sampling began. */
  nativeBefore: HeapReading['native']
}

/** Starting takes a few ms, unless a foreign sampler is read first; who is in native code joins later. */
const startedTogetherMs = 2000

/** A worker that does not answer a small question for so long is left out. */
const workerTimeoutMs = 5000

/** A thorough collection of 800 MB took 1.2 s. */
const collectTimeoutMs = 60_000

/** The first one whose V8 counts garbage; on 18 the flags do nothing. 19 was not tried. */
const countsGarbageSince = 20

export class HeapThreads {
  /** Wall clock when the samplers were on. */
  startedAtMs = 0
  readonly #pid: number
  readonly #options: HeapSamplerOptions
  readonly #threads: HeapThread[] = []
  #workers: WorkerSessions | undefined

  private constructor(pid: number, options: HeapSamplerOptions) {
    this.#pid = pid
    this.#options = options
  }

  /** Whoever has it closes it. */
  static async start(
    { session, target, nodeVersion }: Attachment,
    options: HeapSamplerOptions,
    command: CommandOptions,
  ): Promise<HeapThreads> {
    const canCount = Number(/^v(\d+)/.exec(nodeVersion)?.[1] ?? 0) >= countsGarbageSince
    const counting = canCount ? options.counting : 'live'
    const threads = new HeapThreads(target.pid, { ...options, counting })
    try {
      const main = threads.#add('main', session, command)
      threads.#workers = await WorkerSessions.open(session, {
        commandTimeoutMs: workerTimeoutMs,
        onWorker: (worker) => void threads.#add(worker.thread, worker.session, {}),
      })
      await main.starting
      const all = Promise.allSettled(threads.#threads.map(({ starting }) => starting))
      await Promise.race([all, sleep(startedTogetherMs, undefined, { ref: false })])
      threads.startedAtMs = Date.now()
      return threads
    } catch (error) {
      await threads.close()
      throw error
    }
  }

  /** All were found sampling: there is nothing to wait for. */
  get areForeign(): boolean {
    return this.#threads.every(({ sampler }) => sampler?.isForeign ?? false)
  }

  /** What there was when we came. */
  beginnings(): Baseline {
    return new Map(
      this.#threads.map(({ thread, sampler, nativeBefore }) => [
        thread,
        sampler?.found ?? { native: nativeBefore },
      ]),
    )
  }

  /** What the samplers said that were found running, without asking again. */
  found(): Promise<ThreadReadings> {
    return this.#collect(async ({ found }) => found)
  }

  /** Reads all threads and goes on sampling. */
  read(options: ReadOptions): Promise<ThreadReadings> {
    return this.#collect((sampler, { session }) =>
      afterCollection(session, options, () => sampler.read(options)),
    )
  }

  /** Reads all threads; samplers of ours are off then. */
  finish(options: ReadOptions): Promise<ThreadReadings> {
    return this.#collect((sampler, { session }) =>
      afterCollection(session, options, () => sampler.finish(options)),
    )
  }

  /** Switches off what is on still and lets go of the workers. The main session must end soon. */
  async close(): Promise<void> {
    const main = this.#threads.find(({ thread }) => thread === 'main')
    const closing = this.#workers?.close()
    await main?.starting.catch(() => {})
    await Promise.all([closing, main?.sampler?.release()])
  }

  async #collect(
    read: (sampler: HeapSampler, thread: HeapThread) => Promise<TimedReading | undefined>,
  ): Promise<ThreadReadings> {
    const missing: string[] = []
    let mainPauseMs = 0
    const readings = await Promise.all(
      this.#threads.map(async (one): Promise<HeapThreadRecording | undefined> => {
        const { thread, sampler } = one
        try {
          const reading = sampler && (await read(sampler, one))
          if (sampler !== undefined && reading !== undefined) {
            if (thread === 'main') mainPauseMs = reading.pauseMs
            return this.#recording(thread, sampler, reading)
          }
        } catch (error) {
          if (thread === 'main') throw error
        }
        missing.push(thread)
        return undefined
      }),
    )
    const threads = readings.filter((reading) => reading !== undefined)
    return { threads, missing, readAtMs: Date.now(), pauseMs: mainPauseMs }
  }

  #recording(thread: string, sampler: HeapSampler, reading: TimedReading): HeapThreadRecording {
    const { profileJson, native } = reading
    return {
      pid: this.#pid,
      thread,
      sampler: sampler.isForeign ? 'foreign' : 'own',
      counting: sampler.isForeign ? 'live' : this.#options.counting,
      collected: sampler.collects,
      profileJson,
      native,
      baseline: undefined,
    }
  }

  #add(thread: string, session: Session, command: CommandOptions): HeapThread {
    const start = async () => {
      const sampler = await HeapSampler.start(session, this.#options, command)
      added.sampler = sampler
      if (!sampler.isForeign) added.nativeBefore = await readNativeMemory(session, command)
      return sampler
    }
    const added: HeapThread = {
      thread,
      session,
      starting: start(),
      sampler: undefined,
      nativeBefore: undefined,
    }
    this.#threads.push(added)
    // Main's failure is reported by `start`, a worker's by it being missing.
    added.starting.catch(() => {})
    // A thread that has ended holds no memory any more.
    if (thread !== 'main') {
      void session.closed.then(() => this.#threads.splice(this.#threads.indexOf(added), 1))
    }
    return added
  }
}

async function afterCollection(
  session: Session,
  { gc, signal }: ReadOptions,
  read: () => Promise<TimedReading>,
): Promise<TimedReading> {
  const startedMs = performance.now()
  if (gc) {
    const command = { timeoutMs: collectTimeoutMs, signal }
    await session.send('HeapProfiler.collectGarbage', {}, command)
  }
  const collectMs = gc ? performance.now() - startedMs : 0
  const reading = await read()
  return { ...reading, pauseMs: reading.pauseMs + collectMs }
}
