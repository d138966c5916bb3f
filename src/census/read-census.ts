/** The whole of a census, as the worker thread runs it. */
import { CaptureError, TargetError } from '../errors.ts'
import { isStillRunning } from '../proc/process-identity.ts'
import { isEnded, readProcessStat } from '../proc/process-stat.ts'
import { calibrate, type KnownLayouts } from './calibrate.ts'
import type { Census, CensusIsolate } from './census.ts'
import { RawGroups } from './census-groups.ts'
import { heapPages } from './heap-pages.ts'
import { heapOfThread, isolateThreads } from './isolate-threads.ts'
import type { Layout } from './layout.ts'
import { anonymousMappings, presentSpans } from './memory-map.ts'
import { memoryFile } from './memory-source.ts'
import { ProcessMemory, type Span } from './process-memory.ts'
import { type RawCensus, takeRawCensus } from './raw-census.ts'
import { positionFinder } from './resolve-frames.ts'
import { sourceReader } from './source-text.ts'
import { type Glances, glanceAtStacks } from './stack-glances.ts'
import { restOf } from './thread-rest.ts'
import { WorkerMemory, type WorkerReader } from './worker-memory.ts'
import type { ReadRest } from './young-space.ts'

export interface CensusRequest {
  readonly pid: number
  readonly procRoot: string
  /** Of the target's heaps, read in one pass. */
  readonly maxBytes: number
  /** Undefined: 2, or 1 for heaps above half a GB. */
  readonly passes: number | undefined
  /** Stop the target by SIGSTOP for one single pass. */
  readonly stop: boolean
  /** A worker thread of the target that reads for us; undefined: the kernel lets us read. */
  readonly reader?: WorkerReader | undefined
}

/** @throws {CaptureError} census-refused, memory-too-large; {TargetError} target-vanished. */
export async function readCensus(request: CensusRequest, known: KnownLayouts): Promise<Census> {
  const { pid, procRoot } = request
  const stat = await readProcessStat(pid, procRoot)
  if (stat === undefined || isEnded(stat)) throw vanished(pid)
  const { startTimeTicks } = stat
  const checkIdentity = async (cause?: unknown) => {
    if (!(await isStillRunning({ pid, startTimeTicks }, procRoot))) throw vanished(pid, cause)
  }
  try {
    return await readRunning(request, known, checkIdentity)
  } catch (error) {
    // The memory of a process that ends meanwhile reads as nothing: what was missed there says less.
    await checkIdentity(error)
    throw error
  }
}

async function readRunning(
  request: CensusRequest,
  known: KnownLayouts,
  checkIdentity: () => Promise<void>,
): Promise<Census> {
  const begin = performance.now()
  const { pid, procRoot } = request
  // Before the calibration: whoever may not read the memory need not start a child.
  openMemory(request).close()
  const layout = await calibrate(pid, procRoot, known)
  const { passes, glances, memory, mappings, heapBytes, stoppedMs } = await readPasses(
    request,
    layout,
  )
  try {
    const heaps = [...new Set(passes.flatMap((pass) => pass.heaps))]
    const threads = await isolateThreads(pid, procRoot, memory, heaps, mappings)
    await checkIdentity()
    const groups = new RawGroups(passes, heaps)
    for (const stacks of glances?.stacks ?? []) groups.addGlance(stacks)
    const findPosition = positionFinder(sourceReader(pid, procRoot))
    const last = passes.at(-1)
    return {
      groups: await groups.resolve(findPosition),
      isolates: numbered(threads),
      suspended: last?.suspended ?? 0,
      torn: last?.stacks.torn ?? 0,
      cycles: last?.stacks.cycles ?? 0,
      passes: passes.length,
      glances: extentOf(glances),
      isEachGlanced: glances?.areAll === true,
      heapBytes,
      bytesRead: memory.bytesRead,
      durationMs: performance.now() - begin,
      stoppedMs,
    }
  } finally {
    memory.close()
  }
}

/** Half a GB takes 3 s; to read more than that twice takes longer than most who ask will wait. */
const maxTwiceBytes = 512 * 1024 * 1024

interface Passes {
  readonly passes: readonly RawCensus[]
  readonly memory: ProcessMemory
  /** Undefined where it has no use: the target did nothing meanwhile, or is read only once. */
  readonly glances: Glances | undefined
  readonly mappings: readonly Span[]
  readonly heapBytes: number
  readonly stoppedMs: number
}

async function readPasses(request: CensusRequest, layout: Layout): Promise<Passes> {
  const { pid, procRoot, stop } = request
  const memory = openMemory(request)
  try {
    let heapBytes = 0
    let mappings: readonly Span[] = []
    let glances: Glances | undefined
    let firstRest: string | undefined
    const passes: RawCensus[] = []
    const begin = performance.now()
    if (stop) signal(pid, 'SIGSTOP')
    try {
      for (let pass = 0; pass < passCount(request, heapBytes); pass++) {
        mappings = (await anonymousMappings(pid, procRoot)) ?? []
        const spans = presentSpans(mappings, `${procRoot}/${pid}/pagemap`)
        passOver(request.reader, memory, spans, layout)
        heapBytes = heapSize(memory, spans, layout)
        checkSize(heapBytes, request)
        if (heapBytes === 0) throw noHeap(pid)
        const { readRest, restOfAll } = await restReader(request, memory, spans, layout)
        if (pass === 0) firstRest = restOfAll()
        const census = takeRawCensus(memory, spans, layout, { readRest })
        passes.push(census)
        const hasRested = firstRest !== undefined && restOfAll() === firstRest
        if (pass > 0 && !hasRested) glances = glanceAtStacks(memory, spans, layout, census)
      }
    } finally {
      if (stop) signal(pid, 'SIGCONT')
    }
    const stoppedMs = stop ? performance.now() - begin : 0
    return { passes, glances, memory, mappings, heapBytes, stoppedMs }
  } catch (error) {
    memory.close()
    throw error
  }
}

function extentOf(glances: Glances | undefined): Census['glances'] {
  if (glances === undefined) return 'none'
  return glances.isWhole ? 'whole' : 'part'
}

interface Rests {
  readonly readRest: ReadRest | undefined
  /** Of all isolates together; undefined while one of them runs, or where one's thread is not known. */
  readonly restOfAll: () => string | undefined
}

/** What the kernel says of the thread of each isolate: whether it sleeps, and how often it has run. */
async function restReader(
  { pid, procRoot, stop }: CensusRequest,
  memory: ProcessMemory,
  spans: readonly Span[],
  layout: Layout,
): Promise<Rests> {
  if (stop) return { readRest: undefined, restOfAll: () => '' }
  const heaps = [...new Set(heapPages(memory, spans, layout.pageFormat).map(({ heap }) => heap))]
  const threads = await isolateThreads(pid, procRoot, memory, heaps, spans)
  const threadIds = new Map(heaps.map((heap, index) => [heap, threads[index]?.threadId ?? 0]))
  const readRest = (heap: number) => {
    const threadId = threadIds.get(heap)
    // Of a thread that is not known, only the pages can tell.
    return threadId ? restOf(`${procRoot}/${pid}/task/${threadId}`) : ''
  }
  const restOfAll = () => {
    const rests = heaps.map(readRest)
    return rests.every((rest) => rest) ? rests.join() : undefined
  }
  return { readRest, restOfAll }
}

/** The thread that reads works all the time, and is no part of what the target does. */
function passOver(
  reader: WorkerReader | undefined,
  memory: ProcessMemory,
  spans: readonly Span[],
  layout: Layout,
): void {
  if (reader === undefined) return
  memory.readersHeap = 0
  const heaps = [...new Set(heapPages(memory, spans, layout.pageFormat).map(({ heap }) => heap))]
  const heap = heapOfThread(memory, reader.threadId, heaps, spans)
  if (heap === undefined) {
    const message =
      'the heap of the worker thread in the target that reads its memory was not found'
    throw new CaptureError('recording-invalid', message)
  }
  memory.readersHeap = heap
}

/** The size of the heaps is known from the second pass on. */
function passCount({ stop, passes }: CensusRequest, heapBytes: number): number {
  if (stop) return 1
  return passes ?? (heapBytes <= maxTwiceBytes ? 2 : 1)
}

function openMemory({ pid, procRoot, reader }: CensusRequest): ProcessMemory {
  try {
    return new ProcessMemory(
      reader === undefined ? memoryFile(pid, procRoot) : new WorkerMemory(reader, pid, procRoot),
    )
  } catch (cause) {
    const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined
    if (code === 'ENOENT' || code === 'ESRCH') throw vanished(pid, cause)
    const message = `the memory of process ${pid} may not be read (${code ?? cause}): it takes the right to trace it, which pprofd has as the same user where /proc/sys/kernel/yama/ptrace_scope is 0, or with CAP_SYS_PTRACE`
    const tryNext =
      'run pprofd as root, give it CAP_SYS_PTRACE, or let a worker thread in the target read: worker=1'
    throw new CaptureError('census-refused', message, { cause, tryNext })
  }
}

function heapSize(memory: ProcessMemory, spans: readonly Span[], layout: Layout): number {
  const pages = heapPages(memory, spans, layout.pageFormat)
  return pages.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}

function checkSize(heapBytes: number, { pid, maxBytes }: CensusRequest): void {
  if (heapBytes <= maxBytes) return
  const [needed, allowed] = [heapBytes, maxBytes].map((bytes) => Math.ceil(bytes / 2 ** 20))
  const message = `the heaps of process ${pid} have ${needed} MB, and maxmem allows ${allowed} MB of them to be read`
  throw new CaptureError('memory-too-large', message, { tryNext: `maxmem=${heapBytes}` })
}

function noHeap(pid: number): CaptureError {
  const message = `no heap of V8 was found in the memory of process ${pid}`
  return new CaptureError('census-refused', message)
}

/** The main thread is 0; workers are counted from 1 in the order of their kernel threads. */
function numbered(threads: readonly Omit<CensusIsolate, 'number'>[]): readonly CensusIsolate[] {
  const order = threads
    .filter(({ thread }) => thread !== 'main')
    .sort((a, b) => (a.threadId || Number.MAX_VALUE) - (b.threadId || Number.MAX_VALUE))
  return threads.map((each) => ({ ...each, number: order.indexOf(each) + 1 }))
}

function signal(pid: number, name: 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(pid, name)
  } catch (cause) {
    throw vanished(pid, cause)
  }
}

function vanished(pid: number, cause?: unknown): TargetError {
  const message = `process ${pid} has ended`
  return new TargetError('target-vanished', message, cause === undefined ? {} : { cause })
}
