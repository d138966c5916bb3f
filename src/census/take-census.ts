/**
 * Lists every suspended async function and generator of a running Node process, with the line each one
 * waits at and who awaits it, out of the process's memory: it is neither stopped nor attached to, and it
 * does not notice. Linux only, for it takes /proc. Only names, positions and counts leave the memory.
 *
 * Exact for a process that stands still. One that works meanwhile is read twice; see Census for what is
 * said of the difference. Functions that can no longer go on are listed until V8 collects them.
 */
import { Worker } from 'node:worker_threads'
import { CaptureError, type OperationalError, TargetError } from '../errors.ts'
import { readProcessStat } from '../proc/process-stat.ts'
import type { KnownLayouts } from './calibrate.ts'
import type { Census } from './census.ts'
import type { CensusReply, CensusTask, FromCensusThread } from './census-thread.ts'
import { Turns } from './turns.ts'
import type { WorkerReader } from './worker-memory.ts'

export interface CensusOptions {
  readonly pid: number
  /** (default: /proc) */
  readonly procRoot?: string | undefined
  /** Most bytes of the target's heaps that may be read in a pass. Above it, nothing is read. */
  readonly maxBytes: number
  /** (default: 2, and 1 where the heaps have more than half a GB) */
  readonly passes?: number | undefined
  /**
   * Stop the target for one pass, by SIGSTOP, instead of reading it twice: about 1 ms a MB. Its parent
   * and a shell's job control notice. SIGCONT follows whatever happens, unless pprofd itself is killed
   * in between. (default: false)
   */
  readonly stop?: boolean | undefined
  /** A worker thread of the target reads; it cannot be stopped for it, then. Left as it is. */
  readonly reader?: WorkerReader | undefined
  readonly signal?: AbortSignal | undefined
}

/** To learn a build's layout takes 300 ms, and it holds as long as the file does. */
const known: KnownLayouts = new Map()
const maxKnown = 100

/** Each keeps a processor busy; one of a million functions took 107 MB. */
const turns = new Turns(2)

const entry = import.meta.url.endsWith('.ts') ? './census-thread.ts' : './census-thread.js'

/**
 * @throws {CaptureError} census-refused (no right to read, or a V8 that is not known), memory-too-large,
 * capture-aborted when the signal fired; {TargetError} target-vanished.
 */
export async function takeCensus(options: CensusOptions): Promise<Census> {
  const { pid, procRoot = '/proc', maxBytes, reader, signal } = options
  if (signal?.aborted) throw aborted(signal)
  // What somebody else has stopped needs no stop, and must not be resumed by us.
  const isStopped = /[Tt]/.test((await readProcessStat(pid, procRoot))?.state ?? '')
  const passes = isStopped ? 1 : options.passes
  const stop = options.stop === true && !isStopped && reader === undefined
  const request = { pid, procRoot, maxBytes, passes, stop, reader }
  const cancelled = new Int32Array(new SharedArrayBuffer(4))
  const task: CensusTask = { request, known, cancelled }
  const reply = await turns.run(async () => {
    if (signal?.aborted) throw aborted(signal)
    const url = new URL(entry, import.meta.url)
    const worker = new Worker(url, { workerData: task, name: 'census' })
    return answerOf(worker, request, cancelled, signal)
  })
  if (known.size > maxKnown) known.clear()
  for (const [key, layout] of reply.known) known.set(key, layout)
  if (reply.census !== undefined) return reply.census
  throw errorOf(reply)
}

function answerOf(
  worker: Worker,
  { pid, stop }: { readonly pid: number; readonly stop: boolean },
  cancelled: Int32Array,
  signal: AbortSignal | undefined,
): Promise<CensusReply> {
  return new Promise((resolve, reject) => {
    let isLoaded = false
    const abort = () => {
      if (isLoaded) return void worker.terminate()
      // Node never closes a file of its code that a thread was opening when it was ended, so it is left
      // to find out that nothing is to be done; nobody waits for that.
      Atomics.store(cancelled, 0, 1)
      worker.unref()
      reject(aborted(signal))
    }
    signal?.addEventListener('abort', abort, { once: true })
    worker.on('message', (message: FromCensusThread) => {
      if (message.kind === 'done') return resolve(message.reply)
      isLoaded = true
      if (signal?.aborted) void worker.terminate()
    })
    worker.once('error', reject)
    worker.once('exit', (code) => {
      signal?.removeEventListener('abort', abort)
      // A thread that is ended does not run its `finally`.
      if (code !== 0 && stop) resume(pid)
      if (signal?.aborted) reject(aborted(signal))
      else reject(new CaptureError('recording-invalid', 'the census ended without a result'))
    })
  })
}

function resume(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT')
  } catch {
    // It has ended.
  }
}

function errorOf({ error }: CensusReply): OperationalError {
  const { isTargets = false, code, message = '', tryNext } = error ?? {}
  const details = tryNext === undefined ? {} : { tryNext }
  if (isTargets) return new TargetError(code as TargetError['code'], message, details)
  return new CaptureError(code as CaptureError['code'], message, details)
}

function aborted(signal: AbortSignal | undefined): CaptureError {
  const message = 'the census was given up'
  return new CaptureError('capture-aborted', message, { cause: signal?.reason })
}
