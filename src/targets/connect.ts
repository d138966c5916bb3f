/** From an inspector's port to a session that is proved to be with the right process. */
import { setTimeout as sleep } from 'node:timers/promises'
import { InspectorError, OperationalError, TargetError } from '../errors.ts'
import type { InspectorEndpoint } from '../inspector/endpoint.ts'
import { evaluate } from '../inspector/evaluate.ts'
import type { ReceiveBudget } from '../inspector/receive-budget.ts'
import { Session } from '../inspector/session.ts'
import { connectWebSocket } from '../inspector/websocket-transport.ts'
import { isStillRunning } from '../proc/process-identity.ts'
import { readProcessStatus } from '../proc/process-status.ts'
import { dialFor } from './network.ts'
import type { Target } from './target.ts'

export interface ConnectOptions {
  readonly procRoot: string
  readonly maxMessageBytes: number
  readonly commandTimeoutMs: number
  readonly budget?: ReceiveBudget | undefined
  readonly signal?: AbortSignal | undefined
}

export interface VerifiedSession {
  readonly session: Session
  readonly nodeVersion: string
}

const connectTimeoutMs = 2000

/** @throws {TargetError} attach-failed when another process, or none, answers. */
export async function connect(
  target: Target,
  endpoint: InspectorEndpoint,
  options: ConnectOptions,
): Promise<VerifiedSession> {
  const session = await openSession(target, endpoint, options)
  try {
    const nodeVersion = await verify(target, session, options)
    await letGoOnExit(session)
    return { session, nodeVersion }
  } catch (error) {
    await session.close()
    throw error
  }
}

/** A session with whoever answers there: it has to be proved to be the target. */
export async function openSession(
  target: Target,
  endpoint: InspectorEndpoint,
  options: ConnectOptions,
): Promise<Session> {
  const transport = await connectWebSocket(endpoint, {
    maxMessageBytes: options.maxMessageBytes,
    budget: options.budget,
    timeoutMs: connectTimeoutMs,
    dial: await dialFor(target, options.procRoot),
    signal: options.signal,
  })
  return new Session(transport, { commandTimeoutMs: options.commandTimeoutMs })
}

/** The very first command: whose inspector is this? */
async function verify(
  target: Target,
  session: Session,
  { procRoot, signal }: ConnectOptions,
): Promise<string> {
  const answer = await evaluate(session, '[process.pid, process.version]', { signal })
  const [pid, version] = Array.isArray(answer) ? answer : []
  if (target.kind === 'process' && pid !== (await pidInside(target, procRoot))) {
    throw answeredByAnother(target)
  }
  return /^v\d{1,3}\.\d{1,3}\.\d{1,3}/.exec(String(version))?.[0] ?? 'unknown'
}

/**
 * What the process itself takes for its pid, in a container say.
 * @throws {TargetError} target-vanished
 */
export async function pidInside(target: Target, procRoot: string): Promise<number> {
  const status = await readProcessStatus(target.pid, procRoot)
  if (status !== undefined && (await isStillRunning(target, procRoot))) return status.innermostPid
  throw new TargetError('target-vanished', `process ${target.pid} ended during the attach`)
}

export function answeredByAnother({ pid }: Target): TargetError {
  const message = `the inspector that answered is not that of process ${pid}`
  return new TargetError('attach-failed', message)
}

/** An attached session keeps the target from exiting; so let go as soon as it wants to. */
export async function letGoOnExit(session: Session): Promise<void> {
  session.on('NodeRuntime.waitingForDisconnect', () => void session.close('the target is exiting'))
  try {
    await session.send('NodeRuntime.notifyWhenWaitingForDisconnect', { enabled: true })
  } catch (error) {
    // A runtime without the command is not known to wait either.
    if (!(error instanceof InspectorError && error.code === 'command-failed')) throw error
  }
}

/** A dying process closes its sockets a moment before the kernel says that it has ended. */
const dyingMs = 250
const dyingPollMs = 10

/**
 * Whatever went wrong on the way in, said in one form: where the process has ended meanwhile, that is
 * the reason, whichever step noticed it.
 */
export async function attachFailure(
  target: Target,
  cause: unknown,
  procRoot: string,
): Promise<unknown> {
  if (!(cause instanceof OperationalError) || cause.code === 'target-vanished') return cause
  if (target.kind === 'process' && (await hasEnded(target, cause, procRoot))) {
    const ended = `process ${target.pid} ended before pprofd could attach`
    // A refusal names what it has seen, such as a zombie.
    const { message, tryNext } =
      cause.code === 'target-refused' ? cause : { message: ended, tryNext: undefined }
    return new TargetError('target-vanished', message, { cause, tryNext })
  }
  if (cause instanceof TargetError) return cause
  const message = `pprofd could not attach to ${target.id}: ${cause.message}`
  return new TargetError('attach-failed', message, { cause })
}

async function hasEnded(
  target: Target,
  { code }: OperationalError,
  procRoot: string,
): Promise<boolean> {
  const deadline = performance.now() + (code === 'session-closed' ? dyingMs : 0)
  while (await isStillRunning(target, procRoot)) {
    if (performance.now() >= deadline) return false
    await sleep(dyingPollMs)
  }
  return true
}
