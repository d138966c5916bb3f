/**
 * A worker thread in the target that reads its memory for a census, where the kernel lets pprofd not
 * read it. It runs code of pprofd in the target, so nobody gets it who did not ask for it.
 */
import { readSync } from 'node:fs'
import { access } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import {
  maxAnswerBytes,
  requests,
  sendRequest,
  textBytes,
  textOf,
  unlessNotNow,
  type WorkerReader,
} from '../census/worker-memory.ts'
import { CaptureError, InspectorError } from '../errors.ts'
import { needsCommandLineApi } from '../inspector/command-line-api.ts'
import type { Session } from '../inspector/session.ts'
import type { Attachment, Target } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import {
  endReader,
  type ReaderOptions,
  type ReaderThread,
  readerProblem,
  serveMemory,
  startReader,
} from './in-target/memory-reader.ts'
import { callExpression, functionDeclaration } from './in-target/target-source.ts'
import { MeetingSocket } from './meeting-socket.ts'
import { callForJson } from './remote-objects.ts'

/** Of its own: what other parts of a snapshot release does not concern it. */
const objectGroup = 'pprofd-reader'

/** A thread starts within 100 ms; an overloaded machine may take long. */
const startMs = 5000
/** Between two looks whether it could not start. */
const lookMs = 250

/** A pprofd that is killed closes the connection; one that hangs must not keep a thread there. */
const idleMs = 10_000
const aliveMs = 2000

/** It ends within some ms of the connection. */
const endMs = 1000
const terminateMs = 4000

/**
 * Nothing of it stays in the target: the thread has ended when this settles, unless the error says so.
 * @throws {CaptureError} census-refused: the thread could not be started, or could not read.
 */
export async function withMemoryReader<T>(
  targets: Targets,
  { session, target }: Attachment,
  signal: AbortSignal,
  work: (reader: WorkerReader) => Promise<T>,
): Promise<T> {
  const { pid } = target
  const { procRoot } = targets
  const meeting = await MeetingSocket.open(pid, procRoot)
  let socket: Socket | undefined
  let thread: string | undefined
  let task: string | undefined
  try {
    try {
      thread = await startThread(session, meeting.path, signal)
      socket = await connected(session, thread, meeting, signal)
    } finally {
      // Nobody else is to come.
      await meeting.close()
    }
    // A connection that breaks is seen by whoever reads it.
    socket.on('error', () => {})
    const fd = descriptorOf(socket)
    const threadId = await outerThreadId(targets, target, await introduction(fd, signal))
    task = `${procRoot}/${pid}/task/${threadId}`
    return await whileAlive(fd, () => work({ fd, threadId }))
  } finally {
    socket?.destroy()
    await leave(session, thread, task)
  }
}

async function startThread(session: Session, path: string, signal: AbortSignal): Promise<string> {
  const { read, syscall } = requests
  const options: ReaderOptions = {
    path,
    idleMs,
    requests: { read, syscall },
    maxAnswerBytes,
    textBytes,
  }
  const code = callExpression(serveMemory, [], options)
  const command = { timeoutMs: startMs, signal }
  const start = async () => {
    const includeCommandLineAPI = await needsCommandLineApi(session, command)
    const expression = callExpression(startReader, [], code)
    const evaluation = { expression, objectGroup, silent: true, includeCommandLineAPI }
    return session.send('Runtime.evaluate', evaluation, command)
  }
  const { result, exceptionDetails } = await start().catch((error: unknown) => {
    if (!(error instanceof InspectorError) || error.code !== 'command-timeout') throw error
    throw refused('its main thread does not answer', error)
  })
  if (exceptionDetails === undefined && result.objectId !== undefined) return result.objectId
  const { exception, text } = exceptionDetails ?? {}
  throw refused(String(exception?.description ?? text ?? result.type).slice(0, 300))
}

async function connected(
  session: Session,
  thread: string,
  { connection }: MeetingSocket,
  signal: AbortSignal,
): Promise<Socket> {
  const deadline = performance.now() + startMs
  try {
    while (performance.now() < deadline) {
      const socket = await Promise.race([connection, delay(lookMs)])
      signal.throwIfAborted()
      if (socket !== undefined) return socket
      const problem = await callThread(session, thread, readerProblem)
      if (typeof problem === 'string') throw refused(problem)
    }
    throw refused(`it did not connect within ${startMs / 1000} s`)
  } catch (error) {
    void connection.then((late) => late.destroy())
    throw error
  }
}

/** What the thread says of itself: `PID/task/TID` in its own pid namespace. */
async function introduction(fd: number, signal: AbortSignal): Promise<string> {
  const answer = Buffer.alloc(textBytes)
  const deadline = performance.now() + startMs
  for (let filled = 0; filled < textBytes; ) {
    signal.throwIfAborted()
    const count = unlessNotNow(() => readSync(fd, answer, filled, textBytes - filled, null))
    if (count === 0) throw refused('it ended before it could read')
    if (count === undefined && performance.now() > deadline) throw refused('it does not answer')
    if (count === undefined) await delay(2)
    else filled += count
  }
  return textOf(answer)
}

async function outerThreadId(targets: Targets, target: Target, self: string): Promise<number> {
  const innermost = Number(/\/task\/(\d+)$/.exec(self)?.[1])
  const { threads } = await targets.kernelView(target)
  const found = threads.find(({ innermostTid }) => innermostTid === innermost)
  if (found !== undefined) return found.tid
  throw refused(`none of the threads of process ${target.pid} is the one it says it is (${self})`)
}

async function whileAlive<T>(fd: number, work: () => Promise<T>): Promise<T> {
  // Between two readings there may be seconds of work.
  const timer = setInterval(() => {
    try {
      sendRequest(fd, requests.alive, 0, 0)
    } catch {
      // Whoever reads finds out, too, and says so.
    }
  }, aliveMs)
  try {
    return await work()
  } finally {
    clearInterval(timer)
  }
}

/** After its connection has ended. */
async function leave(
  session: Session,
  thread: string | undefined,
  task: string | undefined,
): Promise<void> {
  if (thread === undefined) return
  if (task === undefined || !(await hasGone(task, endMs))) {
    await callThread(session, thread, endReader)
  }
  await session
    .send('Runtime.releaseObjectGroup', { objectGroup }, { timeoutMs: 500 })
    .catch(() => {})
  if (task === undefined || (await hasGone(task, terminateMs))) return
  const message = `the worker thread that read the memory has not ended: ${task}`
  throw new CaptureError('recording-invalid', message)
}

async function hasGone(task: string, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const isThere = await access(task).then(
      () => true,
      () => false,
    )
    if (!isThere) return true
    if (performance.now() > deadline) return false
    await delay(5)
  }
}

/** Undefined where the main thread does not answer now. */
function callThread(
  session: Session,
  thread: string,
  call: (thread: ReaderThread) => string,
): Promise<unknown> {
  const options = { timeoutMs: 500 }
  return callForJson(session, thread, functionDeclaration(call), [], options).catch(() => {})
}

/** Node keeps it to itself; without it a socket cannot be read from a thread that waits for nothing else. */
function descriptorOf(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { readonly _handle?: { readonly fd?: number } }
  if (handle?.fd === undefined || handle.fd < 0) throw refused('its connection has ended')
  return handle.fd
}

function refused(why: string, cause?: unknown): CaptureError {
  const message = `no worker thread in the target could read its memory: ${why}`
  return new CaptureError('census-refused', message, cause === undefined ? {} : { cause })
}
