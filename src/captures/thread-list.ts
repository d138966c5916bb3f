/**
 * Every thread of a target: what the kernel lists, which touches nothing. Only whoever asks for the
 * workers' names and scripts has the target attached to.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { TargetError } from '../errors.ts'
import { type Worker, WorkerSessions } from '../inspector/worker-sessions.ts'
import type { Attachment, Target } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import { askThreadId } from './ask-thread-id.ts'
import { type CaptureControl, captureFailure, withAttachment } from './attached.ts'

export interface ThreadList {
  readonly target: {
    readonly pid: number
    readonly name: string
    readonly executable: string
  }
  readonly takenAtMs: number
  /** From the first look to the second; 0 where there was one only. */
  readonly durationMs: number
  /** In the order of their ids, the main thread first. */
  readonly threads: readonly ListedThread[]
  /** What is not known. */
  readonly notes: readonly string[]
}

export interface ListedThread {
  /** Such as `(V8 worker threads)`. */
  readonly roleName: string
  /** The kernel's name of it. */
  readonly comm: string
  /** Of a worker, where the target was asked: `name#3`, and its script's URL. */
  readonly worker: WorkerNames | undefined
}

export interface WorkerNames {
  readonly name: string
  readonly url: string
}

export interface ThreadListOptions extends CaptureControl {
  /** Only threads that were started within that time. */
  readonly durationMs?: number | undefined
  /** Attach, and ask for the names and scripts of workers. */
  readonly workers: boolean
}

/** A worker that is in native code does not say which thread it is. */
const answerMs = 1000

type Thread = NonNullable<Awaited<ReturnType<Targets['threads']>>>[number]

/**
 * @throws {TargetError} target-forbidden; target-refused for one that is known by its port only;
 *   target-vanished; with `workers` as `Targets.attach`.
 */
export async function listThreads(
  targets: Targets,
  target: Target,
  { durationMs = 0, workers, signal, onPhase }: ThreadListOptions,
): Promise<ThreadList> {
  targets.checkAllowed(target, 'threadcreate')
  onPhase?.('recording')
  const before = durationMs > 0 ? await threadsOf(targets, target) : []
  const startedMs = performance.now()
  if (durationMs > 0) await pause(target, durationMs, signal)
  const elapsedMs = durationMs > 0 ? performance.now() - startedMs : 0
  const mayAsk = workers && target.kind !== 'self'
  const known = mayAsk ? await workerNames(targets, target, signal) : new Map()
  const all = await threadsOf(targets, target, new Set(known.keys()))
  const old = new Set(before.map(keyOf))
  const { pid, name, executable } = target
  return {
    target: { pid, name, executable },
    takenAtMs: Date.now(),
    durationMs: elapsedMs,
    threads: all
      .filter((thread) => !old.has(keyOf(thread)))
      .map(({ roleName, comm, innermostTid }) => {
        return { roleName, comm, worker: known.get(innermostTid) }
      }),
    notes: [
      ...(mayAsk
        ? []
        : ['names and scripts of workers: not asked for (workers=1 attaches for them)']),
      ...(durationMs > 0 ? ['threads that started and ended in between are not known'] : []),
    ],
  }
}

async function threadsOf(
  targets: Targets,
  target: Target,
  workers?: ReadonlySet<number>,
): Promise<readonly Thread[]> {
  if (target.kind === 'port') {
    const message = `the threads of target ${target.id} are not known: it is reached by its port only`
    throw new TargetError('target-refused', message)
  }
  const threads = await targets.threads(target, workers)
  if (threads !== undefined) return threads
  throw new TargetError('target-vanished', `${target.id} has ended`)
}

async function pause(target: Target, durationMs: number, signal?: AbortSignal): Promise<void> {
  try {
    await sleep(durationMs, undefined, { signal })
  } catch (error) {
    throw captureFailure(target, error, signal)
  }
}

/** By the tid as the worker sees it. */
function workerNames(
  targets: Targets,
  target: Target,
  signal: AbortSignal | undefined,
): Promise<Map<number, WorkerNames>> {
  return withAttachment(targets, target, { kind: 'threadcreate', signal }, askWorkers)
}

async function askWorkers({ session }: Attachment): Promise<Map<number, WorkerNames>> {
  const workers: Worker[] = []
  const sessions = await WorkerSessions.open(session, {
    commandTimeoutMs: answerMs,
    onWorker: (worker) => workers.push(worker),
  })
  const names = new Map<number, WorkerNames>()
  try {
    const asked = workers.map(async ({ thread, url, session: own }) => {
      const tid = await askThreadId(own, { timeoutMs: answerMs })
      if (tid !== undefined) names.set(tid, { name: thread, url: String(url) })
    })
    await Promise.allSettled(asked)
    return names
  } finally {
    await sessions.close()
  }
}

function keyOf({ tid, startTimeTicks }: Thread): string {
  return `${tid}/${startTimeTicks}`
}
