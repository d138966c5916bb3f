import { InputError } from '../errors.ts'
import type { Session } from '../inspector/session.ts'
import { WorkerSessions } from '../inspector/worker-sessions.ts'

/** A worker says that it is there within a few ms. */
const workerTimeoutMs = 5000

/** More names than that help nobody who has mistyped one. */
const maxNames = 20

/**
 * Works with the session of one thread: `main`, or a worker as WorkerSessions calls it.
 * @throws {InputError} parameter-invalid when there is no such thread; it names those that are there.
 */
export async function onThread<T>(
  session: Session,
  thread: string,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  if (thread === 'main') return work(session)
  const found = new Map<string, Session>()
  const workers = await WorkerSessions.open(session, {
    commandTimeoutMs: workerTimeoutMs,
    onWorker: (worker) => found.set(worker.thread, worker.session),
  })
  try {
    const worker = found.get(thread)
    if (worker !== undefined) return await work(worker)
    const names = ['main', ...found.keys()].slice(0, maxNames).join(', ')
    const asked = JSON.stringify(thread.slice(0, 40))
    throw new InputError('parameter-invalid', `thread must be one of ${names}, not ${asked}`)
  } finally {
    await workers.close()
  }
}
