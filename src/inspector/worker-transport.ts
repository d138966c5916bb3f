/**
 * Messages to and from a worker thread, which travel inside those of its main thread's session
 * (Node's NodeWorker domain, src/inspector/node_protocol.pdl in Node's source).
 */
import { Nudge } from './nudge.ts'
import type { Session } from './session.ts'
import type { Transport } from './transport.ts'

export class WorkerTransport implements Transport {
  onmessage: Transport['onmessage'] = () => {}
  onclose: Transport['onclose'] = () => {}
  readonly #parent: Session
  readonly #sessionId: string
  /** A worker's answer is the second one to each command: it waited 44 ms. */
  readonly #nudge = new Nudge(() => this.#sendNoOp())
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
    this.#nudge.end()
    this.#nudge.begin()
  }

  /** A message of this worker, as the main thread's session passed it on. */
  received(message: string): void {
    if (--this.#awaited <= 0) this.#nudge.end()
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
    this.#nudge.end()
    this.resume()
    queueMicrotask(() => this.onclose())
  }

  #sendNoOp(): void {
    if (this.#closed || this.#parent.isClosed) return
    this.#parent.send('Runtime.getIsolateId').catch(() => {})
  }
}
