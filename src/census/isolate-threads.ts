/**
 * Which kernel thread runs which isolate. A thread's stack is full of pointers into its isolate's heap
 * object; /proc/PID/task/TID/syscall (proc_pid_syscall(5)) says where the stack of a waiting thread is.
 */
import { readdir } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { ProcessMemory, Span } from './process-memory.ts'

export interface IsolateThread {
  /** 'unknown' for a thread that was running, so that its stack could not be found. */
  readonly thread: 'main' | 'worker' | 'unknown'
  /** Kernel thread id, ascending with the order in which workers were started; 0 where unknown. */
  readonly threadId: number
}

/** Deep enough for the frames below a wait, shallow enough for a thousand threads. */
const stackBytes = 64 * 1024
/** An isolate's data begin some 60 KB before its heap object, which has some 60 KB itself. */
const isolateBytes = 96 * 1024
/** A pointer or two may be left over from anything. */
const fewestPointers = 3

/** Most threads rest now and then, if only for a moment. */
const mainTries = 30
const betweenTriesMs = 0.3

/** In the order of `heaps`. With one isolate there is nothing to find out: it is the main thread's. */
export async function isolateThreads(
  pid: number,
  procRoot: string,
  memory: ProcessMemory,
  heaps: readonly number[],
  mappings: readonly Span[],
): Promise<readonly IsolateThread[]> {
  if (heaps.length === 1) return [{ thread: 'main', threadId: pid }]
  const claimOf = (threadId: number) => claim(memory, threadId, heaps, mappings)
  let main: Claim | undefined
  for (let tries = 0; tries < mainTries && main === undefined; tries++) {
    main = claimOf(pid)
    if (main === undefined) await delay(betweenTriesMs)
  }
  const claims = [main]
  for (const threadId of await otherThreads(pid, procRoot)) claims.push(claimOf(threadId))
  const found = assign(
    claims.filter((claim) => claim !== undefined),
    pid,
  )
  const unfound = heaps.filter((heap) => !found.has(heap))
  // By elimination: every process has a main thread, and one that runs hides its stack.
  const [only] = unfound
  if (main === undefined && unfound.length === 1 && only !== undefined) found.set(only, pid)
  const hasMain = [...found.values()].includes(pid)
  return heaps.map((heap) => {
    const threadId = found.get(heap)
    // V8's own threads have such pointers, too, and one may stand for a main thread that runs.
    if (!hasMain) return { thread: 'unknown', threadId: 0 }
    if (threadId === undefined) return { thread: 'worker', threadId: 0 }
    return { thread: threadId === pid ? 'main' : 'worker', threadId }
  })
}

/** The heap of the isolate that a thread runs; undefined while its stack cannot be found. */
export function heapOfThread(
  memory: ProcessMemory,
  threadId: number,
  heaps: readonly number[],
  mappings: readonly Span[],
): number | undefined {
  return claim(memory, threadId, heaps, mappings)?.heap
}

function claim(
  memory: ProcessMemory,
  threadId: number,
  heaps: readonly number[],
  mappings: readonly Span[],
): Claim | undefined {
  const pointer = stackPointer(memory.syscallOf(threadId))
  const found = pointer && heapOnStack(memory, pointer, heaps, mappings)
  return found ? { ...found, threadId } : undefined
}

/** A thread whose stack points into a heap, so and so often. */
interface Claim {
  readonly threadId: number
  readonly heap: number
  readonly pointers: number
}

/** The main thread's claim stands; else the most pointers win, for V8's own threads have but a few. */
function assign(claims: readonly Claim[], mainThreadId: number): Map<number, number> {
  const rankOf = ({ threadId, pointers }: Claim) =>
    threadId === mainThreadId ? Number.POSITIVE_INFINITY : pointers
  const found = new Map<number, number>()
  for (const { heap, threadId } of claims.toSorted((a, b) => rankOf(b) - rankOf(a))) {
    if (!found.has(heap)) found.set(heap, threadId)
  }
  return found
}

async function otherThreads(pid: number, procRoot: string): Promise<readonly number[]> {
  const names = await readdir(`${procRoot}/${pid}/task`).catch(() => [])
  return names.map(Number).filter((threadId) => threadId !== pid)
}

/** The fields are: system call, six arguments, stack pointer, program counter; or just `running`. */
function stackPointer(text: string): number | undefined {
  const pointer = text.trim().split(' ').at(-2)
  return pointer?.startsWith('0x') ? Number(pointer) : undefined
}

function heapOnStack(
  memory: ProcessMemory,
  pointer: number,
  heaps: readonly number[],
  mappings: readonly Span[],
): { readonly heap: number; readonly pointers: number } | undefined {
  const mapping = mappings.find(({ start, end }) => pointer >= start && pointer < end)
  const size = Math.min(stackBytes, (mapping?.end ?? pointer + stackBytes) - pointer)
  const words = memory.bytes(pointer, size - (size % 8))
  const votes = new Map<number, number>()
  for (let at = 0; at + 8 <= words.length; at += 8) {
    const word = words.readUInt32LE(at) + words.readUInt32LE(at + 4) * 0x1_0000_0000
    const heap = heaps.find((each) => Math.abs(word - each) < isolateBytes)
    if (heap !== undefined) votes.set(heap, (votes.get(heap) ?? 0) + 1)
  }
  const [best] = [...votes].sort(([, a], [, b]) => b - a)
  if (best === undefined || best[1] < fewestPointers) return undefined
  return { heap: best[0], pointers: best[1] }
}
