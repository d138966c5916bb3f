/**
 * Runs in the target, see target-source.ts: a worker thread that reads the process's own memory, which the
 * kernel always allows, and sends what was asked for. It never blocks in a system call, for that would
 * keep the target from exiting, and ends when the connection does. census/worker-memory.ts asks.
 */
import type { Worker } from 'node:worker_threads'

export interface ReaderOptions {
  /** Socket to connect to, as the target sees it. */
  readonly path: string
  /** Without a sign of whoever asks for so long the thread ends. */
  readonly idleMs: number
  readonly requests: { readonly read: number; readonly syscall: number }
  readonly maxAnswerBytes: number
  readonly textBytes: number
}

/** A worker whose end says why: kept by the inspector's session only. */
export interface ReaderThread extends Worker {
  pprofdProblem?: string
}

/** In the main thread. `code`: what the worker runs. */
export function startReader(code: string): ReaderThread {
  // Unlike `require`, it is there in every program and under every Node.
  const { Worker } = (process.getBuiltinModule?.('node:worker_threads') ??
    require('node:worker_threads')) as typeof import('node:worker_threads')
  const thread: ReaderThread = new Worker(code, {
    eval: true,
    name: 'pprofd',
    // Neither what the program preloads nor what its environment says.
    env: {},
    execArgv: [],
    // Nothing of it shows in the target's output.
    stdout: true,
    stderr: true,
    // Node itself takes 5 MB; without a limit V8 would let garbage pile up.
    resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 },
  })
  // Without a listener the error would be thrown in the target.
  thread.on('error', (error) => {
    thread.pprofdProblem = String(error).slice(0, 300)
  })
  thread.unref()
  return thread
}

/** Of a thread that `startReader` gave: undefined while it runs, else why it does not. */
export function readerProblem(thread: ReaderThread): string {
  const hasEnded = thread.threadId < 0
  return JSON.stringify(hasEnded ? (thread.pprofdProblem ?? 'it ended') : null)
}

export function endReader(thread: ReaderThread): string {
  thread.terminate().catch(() => {})
  return 'null'
}

/** In the worker. */
export function serveMemory(options: ReaderOptions): void {
  const builtin = (name: string) => process.getBuiltinModule?.(name) ?? require(name)
  const fs = builtin('node:fs') as typeof import('node:fs')
  const net = builtin('node:net') as typeof import('node:net')
  const { path, idleMs, requests, maxAnswerBytes, textBytes } = options
  const answer = Buffer.alloc(maxAnswerBytes)
  const request = Buffer.alloc(16)
  let received = 0
  const memory = fs.openSync('/proc/self/mem', 'r')
  // Ends this thread, not the process.
  const end = () => process.exit()
  const idle = setTimeout(end, idleMs)

  const send = (length: number) => socket.write(answer.subarray(0, length))
  const sendText = (text: string) => {
    answer.fill(0, 0, textBytes)
    answer.write(text, 0, textBytes)
    send(textBytes)
  }
  const tryRead = (begin: number, end: number, address: number) => {
    try {
      return fs.readSync(memory, answer, begin, end - begin, address)
    } catch {
      return 0
    }
  }
  const readMemory = (length: number, address: number) => {
    if (tryRead(0, length, address) < length) {
      // What is not mapped reads as zeros.
      answer.fill(0, 0, length)
      for (let at = 0, next = 0; at < length; at = next) {
        next = Math.min(length, at + 4096 - ((address + at) % 4096))
        tryRead(at, next, address + at)
      }
    }
    send(length)
  }
  const readSyscall = (threadId: number) => {
    let text = ''
    try {
      text = fs.readFileSync(`/proc/self/task/${threadId}/syscall`, 'latin1')
    } catch {
      // The thread has ended.
    }
    sendText(text)
  }
  const serve = () => {
    idle.refresh()
    const what = request.readUInt32LE(0)
    const length = Math.min(request.readUInt32LE(4), maxAnswerBytes)
    const argument = Number(request.readBigUInt64LE(8))
    if (what === requests.read) readMemory(length, argument)
    else if (what === requests.syscall) readSyscall(argument)
  }

  const socket = net.connect({
    path,
    // One buffer for all that comes: no garbage.
    onread: {
      buffer: Buffer.alloc(4096),
      callback(count, bytes) {
        for (let at = 0; at < count; ) {
          const taken = Math.min(16 - received, count - at)
          request.set(bytes.subarray(at, at + taken), received)
          at += taken
          received = (received + taken) % 16
          if (received === 0) serve()
        }
        return true
      },
    },
  })
  socket.once('connect', () => {
    socket.on('error', end)
    sendText(fs.readlinkSync('/proc/thread-self'))
  })
  // Before that, an error is thrown, and so told to the thread that started this one.
  socket.once('close', end)
}
