/**
 * Messages to and from a worker thread, which travel inside those of its main thread's session
 * (Node's NodeWorker domain, src/inspector/node_protocol.pdl in Node's source).
 */
import type { Session } from './session.ts'
import type { Transport } from './transport.ts'

/**
 * A worker's answer waits 44 ms in the target's socket (Nagle's algorithm against delayed ACK)
 * unless something else is sent meanwhile; a no-op at these times brings it down to 3-5 ms.
 */
const nudgesMs = [2, 4, 8, 16] as const

export class WorkerTransport implements Transport {
  onmessage: Transport['onmessage'] = () => {}
  onclose: Transport['onclose'] = () => {}
  readonly #parent: Session
  readonly #sessionId: string
  #awaited = 0
  #closed = false
  #resumeParent: (() => void) | undefined

  constructor(parent: Session, sessionId: string) {
    this.#parent = parent
    this.#sessionId = sessionId
    void parent.closed.then(() => this.ended())
  }

  send(message: string): void {
    this.#awaited++
    const command = { sessionId: this.#sessionId, message }
    this.#parent.send('NodeWorker.sendMessageToWorker', command).catch(() => this.ended())
    for (const delayMs of nudgesMs) setTimeout(() => this.#nudge(), delayMs)
  }

  /** A message of this worker, as the main thread's session passed it on. */
  received(message: string): void {
    this.#awaited--
    if (!this.#closed) this.onmessage(Buffer.from(message))
  }

  /** All threads share one connection: the others wait, too. */
  pause(): void {
    this.#resumeParent ??= this.#parent.pause()
  }

  resume(): void {
    this.#resumeParent?.()
    this.#resumeParent = undefined
  }

  close(): void {
    if (this.#closed) return
    this.#parent.send('NodeWorker.detach', { sessionId: this.#sessionId }).catch(() => {})
    this.ended()
  }

  /** The worker has ended, or the way to it has. */
  ended(): void {
    if (this.#closed) return
    this.#closed = true
    this.resume()
    queueMicrotask(() => this.onclose())
  }

  #nudge(): void {
    if (this.#awaited <= 0 || this.#closed || this.#parent.isClosed) return
    this.#parent.send('Runtime.getIsolateId').catch(() => {})
  }
}
