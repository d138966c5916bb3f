/** A goroutine snapshot: what every piece of work of a process does or waits for right now. */
import { TargetError } from '../errors.ts'
import { WorkerSessions } from '../inspector/worker-sessions.ts'
import type { KernelView } from '../targets/kernel-view.ts'
import type { Attachment, Target } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import { type CaptureControl, withAttachment } from './attached.ts'
import type { Draft } from './draft-entries.ts'
import type { CensusKind, Entry, GoroutineRecording } from './goroutine-entry.ts'
import { blockedDraft, mayBeIdle, threadOfWorker } from './goroutine-kernel.ts'
import { readPromises } from './goroutine-promises.ts'
import { readThread, type ThreadSnapshot } from './goroutine-thread.ts'
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
  /** Refuse promises when they would stop the target for longer; undefined: no limit. */
  readonly maxPauseMs?: number | undefined
}

const defaults = { maxFrames: 100, maxEntries: 1000, budgetMs: 5, maxLocateMs: 50 } as const

/** Callbacks whose place, and promises whose awaiters, are looked up: 0.1 ms and 10 us each. */
const maxFunctions = 100
const maxProbes = 500

/** V8 answers out of a busy loop within 5 ms; a machine that is overloaded needs some more. */
const answerMs = 300

/** For commands that are answered by a thread which has just answered. */
const commandTimeoutMs = 5000

/**
 * Attaches, looks and detaches; nothing stays in the target. One that cannot answer, for it is in
 * native code, gives what the kernel knows of it.
 * @throws {CaptureError} capture-aborted, pause-too-long.
 * @throws {TargetError} as `Targets.attach`, target-forbidden, and target-vanished.
 */
export async function recordGoroutines(
  targets: Targets,
  target: Target,
  options: GoroutineOptions = {},
): Promise<GoroutineRecording> {
  try {
    return await withAttachment(targets, target, { ...options, kind: 'goroutine' }, (attachment) =>
      record(targets, attachment, options),
    )
  } catch (error) {
    const mayBeBlocked = error instanceof TargetError && error.code === 'attach-failed'
    if (!mayBeBlocked || target.kind !== 'process') throw error
    return fromOutside(targets, target, error)
  }
}

async function record(
  targets: Targets,
  attachment: Attachment,
  options: GoroutineOptions,
): Promise<GoroutineRecording> {
  options.onPhase?.('recording')
  const takenAtMs = Date.now()
  const threads = await readThreads(attachment, options)
  const promises = options.promises === true ? await readPromises(attachment, options) : undefined
  options.onPhase?.('stopping')
  const view = await targets.kernelView(attachment.target)
  const work = [
    ...threads.flatMap((thread) => entriesOf(thread, threads, view, attachment.target.pid)),
    ...(promises?.drafts ?? []).map((draft) => ({ thread: 'main', ...draft })),
  ]
  // The census of suspended functions joins here: its entries after these, and what they wait for
  // taken from those whose stack is the same.
  const census: CensusKind = promises === undefined ? 'none' : 'promises'
  return {
    target: recordedTarget(attachment),
    takenAtMs,
    entries: work.map((entry, index) => ({ id: index + 1, ...entry })),
    cuts: [...threads.flatMap(({ cuts }) => cuts), ...(promises?.cuts ?? [])],
    notes: [
      ...threads.flatMap(({ thread, notes }) => notes.map((note) => `${thread}: ${note}`)),
      ...(promises?.notes ?? []),
    ],
    census,
    targetCostMs: threads.reduce((sum, { costMs }) => sum + costMs, promises?.costMs ?? 0),
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

/** What is known of a process that does not answer at all. */
async function fromOutside(
  targets: Targets,
  target: Target,
  error: TargetError,
): Promise<GoroutineRecording> {
  const takenAtMs = Date.now()
  const view = await targets.kernelView(target)
  const { pid, name, executable, workingDirectory } = target
  const kernel = view.threads.find(({ tid }) => tid === pid)
  // In its event loop it would have answered: it has a handler of its own for the signal.
  if (kernel === undefined || mayBeIdle(kernel, view.children)) throw error
  const draft = blockedDraft(kernel, view.children)
  // It may also run JavaScript, and such a handler.
  const state = kernel.state === 'R' ? 'not answering' : draft.state
  return {
    target: { pid, name, nodeVersion: 'unknown', executable, workingDirectory },
    takenAtMs,
    entries: [{ id: 1, thread: 'main', ...draft, state }],
    cuts: [],
    notes: [`its main thread does not answer, so only the kernel was asked: ${error.message}`],
    census: 'none',
    targetCostMs: 0,
  }
}
