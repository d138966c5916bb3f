/** A goroutine snapshot: what every piece of work of a process does or waits for right now. */
import { CaptureError, TargetError } from '../errors.ts'
import { WorkerSessions } from '../inspector/worker-sessions.ts'
import type { KernelView } from '../targets/kernel-view.ts'
import type { Attachment, Target } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import { type CaptureControl, withAttachment } from './attached.ts'
import type { Draft } from './draft-entries.ts'
import {
  type CensusOutcome,
  type SuspendedGroup,
  tryCensus,
  tryCensusByWorker,
} from './goroutine-census.ts'
import type { SnapshotAnalysis } from './goroutine-deep.ts'
import type { Entry, GoroutineRecording } from './goroutine-entry.ts'
import { blockedDraft, threadOfWorker } from './goroutine-kernel.ts'
import { recordFromOutside } from './goroutine-outside.ts'
import { readSuspended } from './goroutine-suspended.ts'
import { readThread, type ThreadSnapshot } from './goroutine-thread.ts'
import { joinCensus } from './join-census.ts'
import { recordedTarget } from './recorded-target.ts'
import { ScriptUrls } from './script-urls.ts'

export interface GoroutineOptions extends CaptureControl {
  /** Frames of a stack; more are elided. Default: 100. */
  readonly maxFrames?: number | undefined
  /** Entries a thread. Default: 1000. */
  readonly maxEntries?: number | undefined
  /** How long the inventory may hold up a thread. Default: 5. */
  readonly budgetMs?: number | undefined
  /** Show the query of URLs, which may hold secrets. */
  readonly withQuery?: boolean | undefined
  /** How long a thread may stand still for learning which files its callbacks are in. Default: 50. */
  readonly maxLocateMs?: number | undefined
  /** Leave the worker threads out. */
  readonly mainThreadOnly?: boolean | undefined
  /** List the suspended functions by the promises they await: stops the target, see goroutine-promises.ts. */
  readonly promises?: boolean | undefined
  /** Read the memory through a worker thread that is started in the target. Default: false. */
  readonly worker?: boolean | undefined
  /** Find them, and why they wait, in a heap snapshot that this analyses: see goroutine-deep.ts. */
  readonly analyse?: (() => SnapshotAnalysis) | undefined
  /** Most bytes of its heaps that a census may read in a pass. Default: 2 GiB. */
  readonly maxBytes?: number | undefined
  /** Stop it by SIGSTOP while its memory is read, once, instead of reading it twice. Default: false. */
  readonly stop?: boolean | undefined
  /** Refuse promises and a heap snapshot when they would stop the target for longer; undefined: no limit. */
  readonly maxPauseMs?: number | undefined
  /** Take the heap snapshot although there may be too little memory for it. */
  readonly force?: boolean | undefined
}

const defaults = { maxFrames: 100, maxEntries: 1000, budgetMs: 5, maxLocateMs: 50 } as const

/** Two GB take the daemon 10 s to read. */
const defaultMaxBytes = 2 ** 31

/** Callbacks whose place, and promises whose awaiters, are looked up: 0.1 ms and 10 us each. */
const maxFunctions = 100
const maxProbes = 500

/** V8 answers out of a busy loop within 5 ms; a machine that is overloaded needs some more. */
const answerMs = 300

/** For commands that are answered by a thread which has just answered. */
const commandTimeoutMs = 5000

/**
 * Attaches, looks and detaches; nothing stays in the target. Its suspended functions are read from its
 * memory meanwhile. A target that cannot be attached to, because it is in native code or does not take
 * the signal, gives what its memory and the kernel tell.
 * @throws {CaptureError} capture-aborted, pause-too-long.
 * @throws {TargetError} as `Targets.attach`, target-forbidden, and target-vanished.
 */
export async function recordGoroutines(
  targets: Targets,
  target: Target,
  options: GoroutineOptions = {},
): Promise<GoroutineRecording> {
  targets.checkAllowed(target, 'goroutine')
  const end = new AbortController()
  const { signal, maxBytes = defaultMaxBytes, stop, worker = false } = options
  const whileWanted = signal ? AbortSignal.any([signal, end.signal]) : end.signal
  const census = (pid: number) => tryCensus(targets, { pid, maxBytes, stop, signal: whileWanted })
  // The pid of a target that is known by its port is known once it is attached to.
  // One that is stopped for it does not answer meanwhile.
  const isWanted = options.promises !== true && options.analyse === undefined
  const isEarly = isWanted && stop !== true && !worker && target.pid > 0
  const early = isEarly ? census(target.pid) : undefined
  // Whoever waits for it gets its error, too.
  early?.catch(() => {})
  try {
    return await withAttachment(
      targets,
      target,
      { ...options, kind: 'goroutine' },
      (attachment) => {
        const wish = { maxBytes, signal: whileWanted }
        const late = worker
          ? () => tryCensusByWorker(targets, attachment, wish)
          : () => census(attachment.target.pid)
        return record(targets, attachment, early ?? late, options)
      },
    )
  } catch (error) {
    const isShut =
      error instanceof TargetError && ['attach-failed', 'target-refused'].includes(error.code)
    if (!isShut || target.kind !== 'process') throw error
    return await recordFromOutside(targets, target, error, worker ? unreachable : await early)
  } finally {
    end.abort()
  }
}

const unreachable: CensusOutcome = {
  refusal: new CaptureError('census-refused', 'worker=1 takes an inspector'),
}

async function record(
  targets: Targets,
  attachment: Attachment,
  census: Promise<CensusOutcome> | (() => Promise<CensusOutcome>),
  options: GoroutineOptions,
): Promise<GoroutineRecording> {
  options.onPhase?.('recording')
  const takenAtMs = Date.now()
  const threads = await readThreads(attachment, options)
  const workers = threads.map(({ thread }) => thread).filter((thread) => thread !== 'main')
  const suspended = await readSuspended(targets, attachment, census, workers, options)
  options.onPhase?.('stopping')
  const view = await targets.kernelView(attachment.target)
  const listed = threads.flatMap((thread) =>
    entriesOf(thread, threads, view, attachment.target.pid),
  )
  const isWanted = ({ thread }: SuspendedGroup) =>
    options.mainThreadOnly !== true || thread === 'main'
  const work = [
    ...joinCensus(listed, suspended.groups.filter(isWanted)),
    ...suspended.drafts.map((draft) => ({ thread: 'main', ...draft })),
  ]
  return {
    target: recordedTarget(attachment),
    takenAtMs,
    entries: work.map((entry, index) => ({ id: index + 1, ...entry })),
    cuts: [...threads.flatMap(({ cuts }) => cuts), ...suspended.cuts],
    notes: [
      ...threads.flatMap(({ thread, notes }) => notes.map((note) => `${thread}: ${note}`)),
      ...suspended.notes,
    ],
    census: suspended.kind,
    targetCostMs: threads.reduce((sum, { costMs }) => sum + costMs, suspended.costMs),
  }
}

/** The main thread first, then the workers in the order of their numbers. */
async function readThreads(
  { session }: Attachment,
  options: GoroutineOptions,
): Promise<readonly ThreadSnapshot[]> {
  const threadOptions = {
    maxFrames: options.maxFrames ?? defaults.maxFrames,
    maxLocateMs: options.maxLocateMs ?? defaults.maxLocateMs,
    limits: {
      maxEntries: options.maxEntries ?? defaults.maxEntries,
      maxFunctions,
      maxProbes,
      budgetMs: options.budgetMs ?? defaults.budgetMs,
      withQuery: options.withQuery ?? false,
    },
    answerMs,
    timeoutMs: commandTimeoutMs,
    signal: options.signal,
  }
  const main = await readThread(session, 'main', { ...threadOptions, urls: new ScriptUrls() })
  // Whatever is for a worker goes through the main thread.
  if (options.mainThreadOnly || !main.answered) return [main]
  const workers: Promise<ThreadSnapshot | undefined>[] = []
  const sessions = await WorkerSessions.open(session, {
    commandTimeoutMs,
    onWorker: ({ thread, session: worker }) => {
      const snapshot = readThread(worker, thread, { ...threadOptions, urls: new ScriptUrls() })
      // A worker that ends meanwhile has nothing in hand.
      workers.push(snapshot.catch(() => undefined))
    },
  })
  try {
    const snapshots = await Promise.all(workers)
    options.signal?.throwIfAborted()
    return [main, ...snapshots.filter((each) => each !== undefined).sort(byNumber)]
  } finally {
    await sessions.close()
  }
}

function byNumber(a: ThreadSnapshot, b: ThreadSnapshot): number {
  return numberOf(a) - numberOf(b)
}

function numberOf({ thread }: ThreadSnapshot): number {
  return Number(/#(\d+)$/.exec(thread)?.[1] ?? 0)
}

type Work = Omit<Entry, 'id'>

function entriesOf(
  { thread, answered, drafts }: ThreadSnapshot,
  all: readonly ThreadSnapshot[],
  view: KernelView,
  pid: number,
): readonly Work[] {
  const workers = thread === 'main' ? all.slice(1).map(workerDraft) : []
  if (answered) return [...drafts, ...workers].map((draft) => ({ thread, ...draft }))
  const innermost = new Set(all.flatMap(({ innermostTid }) => innermostTid ?? []))
  const known = view.threads.filter((each) => innermost.has(each.innermostTid))
  const kernel =
    thread === 'main'
      ? view.threads.find(({ tid }) => tid === pid)
      : threadOfWorker(thread, view, pid, new Set(known.map(({ tid }) => tid)))
  return [{ thread, ...blockedDraft(kernel, thread === 'main' ? view.children : []) }]
}

function workerDraft({ thread }: ThreadSnapshot): Draft {
  return { kind: 'worker', state: 'running', count: 1, stack: [], waitsFor: thread }
}
