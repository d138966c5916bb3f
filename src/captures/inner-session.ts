/**
 * A session that needs no listening inspector: the target connects to a socket of pprofd's that only it and root can
 * reach, and serves its own inspector there. What it cannot do: answer while its event loop is blocked, and
 * reach worker threads (a worker that ends while a session of its own process looks at it can take the process with
 * it: Node 20.20, in 1 of 240 recordings).
 */
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { CaptureError } from '../errors.ts'
import { evaluate } from '../inspector/evaluate.ts'
import { linesTransport } from '../inspector/lines-transport.ts'
import { Session } from '../inspector/session.ts'
import type { Attachment } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import { serveSession } from './in-target/serve-session.ts'
import { callExpression } from './in-target/target-source.ts'
import { MeetingSocket } from './meeting-socket.ts'

/** A loop that turns connects within a few ms. */
const connectMs = 5000

/** A window has some 100 KB. */
const maxMessageBytes = 64 * 1024 * 1024

/**
 * The same process by a session of that kind; the attachment is let go, its inspector closed again.
 * @throws {CaptureError} door-closed: it cannot be had, for the reason that is given.
 */
export async function innerSession(targets: Targets, outer: Attachment): Promise<Attachment> {
  const { target } = outer
  try {
    const socket = await connected(outer, targets.procRoot)
    const session = new Session(linesTransport(socket, maxMessageBytes), {
      commandTimeoutMs: connectMs,
    })
    return { ...outer, session, detach: () => session.close() }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const message = `${target.id} cannot be recorded from within: ${why}; record.door: open records it through its inspector, which then stays open`
    throw new CaptureError('door-closed', message, { cause })
  } finally {
    await outer.detach({ forGood: true })
  }
}

async function connected({ target, session }: Attachment, procRoot: string): Promise<Socket> {
  const meeting = await MeetingSocket.open(target.pid, procRoot)
  try {
    const options = { path: meeting.path, maxWaitingBytes: maxMessageBytes }
    const expression = callExpression(serveSession, [], options)
    await evaluate(session, expression, { timeoutMs: connectMs, usesModules: true })
    const socket = await Promise.race([meeting.connection, nobody()])
    if (socket === undefined) throw new Error(`it did not connect within ${connectMs / 1000} s`)
    return socket
  } catch (error) {
    void meeting.connection.then((late) => late.destroy())
    throw error
  } finally {
    await meeting.close()
  }
}

async function nobody(): Promise<undefined> {
  await sleep(connectMs, undefined, { ref: false })
}
