/**
 * Memory that a worker thread in the process reads for us, see captures/in-target/memory-reader.ts. A
 * request has 16 bytes: what is wanted, how long the answer is to be, and an address or a thread id; the
 * answer is as long as was asked for. Little-endian, over a socket that never blocks.
 */
import { readFileSync, readSync, writeSync } from 'node:fs'
import { CaptureError } from '../errors.ts'
import type { MemorySource } from './memory-source.ts'

/** The worker thread in the target, and the way to it. */
export interface WorkerReader {
  /** Of a connected socket that nobody else reads. */
  readonly fd: number
  /** Kernel id of the thread, as pprofd's own pid namespace numbers it. */
  readonly threadId: number
}

/** In the first word of a request. `alive` has no answer: it says that somebody still wants the thread. */
export const requests = { alive: 0, read: 1, syscall: 2 } as const

/** What a socket takes at once by default, with the kernel's own part of it. */
export const maxAnswerBytes = 64 * 1024

/** Answers in words have this length, filled up with zeros. */
export const textBytes = 256

/** An answer takes some 0.1 ms; a machine that is overloaded may keep the thread from running. */
const giveUpMs = 5000

export class WorkerMemory implements MemorySource {
  readonly #pid: number
  readonly #procRoot: string
  readonly #fd: number
  #problem: CaptureError | undefined

  constructor({ fd }: WorkerReader, pid: number, procRoot: string) {
    this.#pid = pid
    this.#procRoot = procRoot
    this.#fd = fd
  }

  read(buffer: Buffer, address: number): number {
    // What only looks like a pointer; user addresses end there.
    if (!(address >= 0 && address + buffer.length <= 2 ** 47)) return 0
    for (let at = 0; at < buffer.length; at += maxAnswerBytes) {
      this.#ask(requests.read, address + at, buffer.subarray(at, at + maxAnswerBytes))
    }
    return buffer.length
  }

  syscallOf(threadId: number): string {
    const answer = Buffer.alloc(textBytes)
    this.#ask(requests.syscall, innermost(threadId, this.#pid, this.#procRoot), answer)
    return textOf(answer)
  }

  /** The socket belongs to whoever gave it. */
  close(): void {}

  #ask(what: number, argument: number, answer: Buffer): void {
    // After half an answer nothing that follows would be one.
    if (this.#problem !== undefined) throw this.#problem
    try {
      sendRequest(this.#fd, what, answer.length, argument)
      receive(this.#fd, answer)
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      const message = `the worker thread in process ${this.#pid} that reads its memory ${why}`
      this.#problem = new CaptureError('recording-invalid', message, { cause })
      throw this.#problem
    }
  }
}

export function textOf(answer: Buffer): string {
  const end = answer.indexOf(0)
  return answer.toString('utf8', 0, end < 0 ? answer.length : end)
}

export function sendRequest(fd: number, what: number, length: number, argument: number): void {
  const request = Buffer.alloc(16)
  request.writeUInt32LE(what, 0)
  request.writeUInt32LE(length, 4)
  request.writeBigUInt64LE(BigInt(argument), 8)
  wait(() => unlessNotNow(() => writeSync(fd, request)))
}

function receive(fd: number, into: Buffer): void {
  for (let filled = 0; filled < into.length; ) {
    filled += wait(() => unlessNotNow(() => readSync(fd, into, filled, into.length - filled, null)))
  }
}

/** Calls until something comes. Whoever runs this has nothing else to do. */
function wait(attempt: () => number | undefined): number {
  const deadline = performance.now() + giveUpMs
  for (let tries = 0; performance.now() < deadline; tries++) {
    const count = attempt()
    if (count === 0) throw new Error('has ended')
    if (count !== undefined) return count
    if (tries > spins) sleep(tries < spins + shortSleeps ? 0.05 : 1)
  }
  throw new Error(`gave no answer for ${giveUpMs / 1000} s`)
}

/** An attempt in vain takes 10 us; most answers come within 100 us. */
const spins = 5
const shortSleeps = 100

function sleep(durationMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs)
}

/** Undefined while there is nothing to be read, or no room to write. */
export function unlessNotNow(call: () => number): number | undefined {
  try {
    return call()
  } catch (error) {
    const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
    if (code === 'EAGAIN' || code === 'EINTR') return undefined
    if (code === 'EPIPE' || code === 'ECONNRESET') return 0
    throw error
  }
}

/** As the process itself numbers the thread; 0 when it has ended, which no thread has. */
function innermost(threadId: number, pid: number, procRoot: string): number {
  try {
    const status = readFileSync(`${procRoot}/${pid}/task/${threadId}/status`, 'utf8')
    return Number(/^NSpid:.*?(\d+)$/m.exec(status)?.[1] ?? threadId)
  } catch {
    return 0
  }
}
