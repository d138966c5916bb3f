/** Sessions with the worker threads of a process: those that run, and those that start meanwhile. */
import { InspectorError } from '../errors.ts'
import { Session } from './session.ts'
import { WorkerTransport } from './worker-transport.ts'

export interface Worker {
  /** `name#3`, or `worker#3` without a name: the number is the target's own threadId, so it is unique. */
  readonly thread: string
  /** Of its script; as the target says, so unchecked. */
  readonly url: string
  readonly session: Session
}

export interface WorkerSessionsOptions {
  readonly commandTimeoutMs: number
  /** Called for every worker, also for those that run already. */
  readonly onWorker: (worker: Worker) => void
}

/** Nobody runs, or starts during one capture, so many threads; a target that says so is up to something. */
const maxWorkers = 1000
const maxWorkersEver = 10_000

export class WorkerSessions {
  readonly #parent: Session
  readonly #options: WorkerSessionsOptions
  readonly #transports = new Map<string, WorkerTransport>()
  readonly #unlisten: readonly (() => void)[]
  #everCount = 0

  constructor(parent: Session, options: WorkerSessionsOptions) {
    this.#parent = parent
    this.#options = options
    this.#unlisten = [
      parent.on('NodeWorker.attachedToWorker', ({ sessionId, workerInfo }) =>
        this.#attached(sessionId, workerInfo),
      ),
      parent.on('NodeWorker.detachedFromWorker', ({ sessionId }) => {
        this.#transports.get(sessionId)?.ended()
        this.#transports.delete(sessionId)
      }),
      parent.on('NodeWorker.receivedMessageFromWorker', ({ sessionId, message }) =>
        this.#transports.get(sessionId)?.received(message),
      ),
    ]
  }

  /** Attaches to all workers. A Node without worker threads has none. */
  static async open(parent: Session, options: WorkerSessionsOptions): Promise<WorkerSessions> {
    const sessions = new WorkerSessions(parent, options)
    try {
      await parent.send('NodeWorker.enable', { waitForDebuggerOnStart: false })
    } catch (error) {
      if (error instanceof InspectorError && error.code === 'command-failed') return sessions
      await sessions.close()
      throw error
    }
    return sessions
  }

  /** Lets go of all workers; what was switched on in them is off then. */
  async close(): Promise<void> {
    for (const transport of this.#transports.values()) transport.close()
    await this.#parent.send('NodeWorker.disable', {}, { timeoutMs: 1500 }).catch(() => {})
    for (const unlisten of this.#unlisten) unlisten()
  }

  #attached(sessionId: string, { workerId, title, url }: WorkerInfo): void {
    const isTooMuch = this.#transports.size >= maxWorkers || this.#everCount >= maxWorkersEver
    if (isTooMuch || this.#transports.has(sessionId)) return
    this.#everCount++
    const transport = new WorkerTransport(this.#parent, sessionId)
    this.#transports.set(sessionId, transport)
    const { commandTimeoutMs, onWorker } = this.#options
    onWorker({
      thread: threadName(workerId, title),
      url,
      session: new Session(transport, { commandTimeoutMs, isOfWorker: true }),
    })
  }
}

interface WorkerInfo {
  readonly workerId: string
  readonly title: string
  readonly url: string
}

/** Titles are `[worker 3] name`, `[worker 3] WorkerThread` or `[worker 3]` (seen on Node 18 to 26). */
function threadName(workerId: string, title: string): string {
  const [, number = workerId, name = ''] = /^\[worker (\d+)\] ?(.*)$/s.exec(title) ?? []
  const isUnnamed = name === '' || name === 'WorkerThread'
  return `${isUnnamed ? 'worker' : name.slice(0, 100)}#${number}`
}
