/** One connection to one inspector: commands out, answers and events back. */
import { InspectorError, type InspectorErrorCode } from '../errors.ts'
import { isUsable } from './check-result.ts'
import { Nudge } from './nudge.ts'
import type { Events, Method, Parameters, Result } from './protocol.ts'
import { readReply } from './reply.ts'
import type { Transport } from './transport.ts'
import { Unanswered } from './unanswered.ts'

export interface CommandOptions {
  /** How long the answer may take; default: the session's. */
  readonly timeoutMs?: number | undefined
  /** Ends the waiting, not the command: the target carries it out all the same. */
  readonly signal?: AbortSignal | undefined
}

export interface SessionOptions {
  /** How long an answer may take where the command does not say. */
  readonly commandTimeoutMs: number
  /** With a worker thread, not with the main thread. (default: false) */
  readonly isOfWorker?: boolean
}

interface PendingCall {
  readonly succeed: (result: unknown) => void
  readonly fail: (code: InspectorErrorCode, message: string, cause?: unknown) => void
  /** The answer's bytes are wanted, not its value. */
  readonly raw: boolean
}

/**
 * A promise that it returns holds up what comes behind its event, answers included, until it settles. Meanwhile the
 * connection is not read: a slow consumer costs no memory here.
 */
type Listener<E extends keyof Events> = (params: Events[E]) => unknown

export class Session {
  /** On the clock of `performance.now()`. */
  readonly openedAtMs = performance.now()
  readonly isOfWorker: boolean
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>
  readonly #transport: Transport
  readonly #commandTimeoutMs: number
  readonly #nudge: Nudge | undefined
  readonly #unanswered: Unanswered | undefined
  #closing: Promise<void> | undefined
  readonly #pending = new Map<number, PendingCall>()
  readonly #listeners = new Map<string, Set<(params: never) => unknown>>()
  /** What came although the connection is paused: some 64 KiB, or what a transport cannot hold back. */
  readonly #held: Uint8Array[] = []
  #holds = 0
  #lastId = 0
  #endReason: string | undefined

  constructor(transport: Transport, { commandTimeoutMs, isOfWorker = false }: SessionOptions) {
    this.#transport = transport
    this.#commandTimeoutMs = commandTimeoutMs
    this.isOfWorker = isOfWorker
    this.#nudge = transport.isRemote ? new Nudge(() => this.#sendNoOp()) : undefined
    this.#unanswered = transport.isRemote ? new Unanswered() : undefined
    transport.onmessage = (message) => {
      this.#unanswered?.received(message)
      if (this.isClosed) return
      if (this.#holds > 0) this.#held.push(message)
      else this.#receive(message)
      if (this.#pending.size > 0) this.#nudge?.begin()
      else this.#nudge?.end()
    }
    this.closed = new Promise((resolve) => {
      transport.onclose = (reason) => {
        const code = reason instanceof InspectorError ? reason.code : 'session-closed'
        this.#end(reason?.message ?? 'the target closed the connection', code)
        resolve()
      }
    })
  }

  get isClosed(): boolean {
    return this.#endReason !== undefined
  }

  /** Whether a command is on its way, and so the target may be at work for it. */
  get isAwaiting(): boolean {
    return this.#pending.size > 0
  }

  /** @throws {InspectorError} with the stack of this call, whatever goes wrong later. */
  send<M extends Method>(
    method: M,
    params?: Parameters<M>,
    options: CommandOptions = {},
  ): Promise<Result<M>> {
    return this.#call(method, params, options, false) as Promise<Result<M>>
  }

  /** Like `send`, but resolves to the JSON text of the result as it came: a profile can have 100 MB. */
  sendRaw<M extends Method>(
    method: M,
    params?: Parameters<M>,
    options: CommandOptions = {},
  ): Promise<Uint8Array> {
    return this.#call(method, params, options, true) as Promise<Uint8Array>
  }

  /** Returns what ends the listening. */
  on<E extends keyof Events>(event: E, listener: Listener<E>): () => void {
    const listeners = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, listeners.add(listener))
    return () => void listeners.delete(listener)
  }

  /** Reads nothing until what it returns is called. Commands can be sent, their answers wait. */
  pause(): () => void {
    if (this.#holds++ === 0) this.#transport.pause()
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      if (--this.#holds === 0) this.#readOn()
    }
  }

  /**
   * Whatever is pending is rejected with this reason, at once. The connection ends when no answer is on its way
   * any more: where it ends while Node writes to it, Node may write to what is no more and die of it
   * (WsHandler::OnEof; docs/harm.md).
   */
  close(reason = 'the session was closed'): Promise<void> {
    this.#end(reason)
    this.#closing ??= this.#closeQuietly()
    return this.closed
  }

  async #closeQuietly(): Promise<void> {
    if (this.#holds > 0) this.#transport.resume()
    await this.#unanswered?.quiet(this.closed)
    this.#transport.close()
  }

  #call(method: Method, params: unknown, options: CommandOptions, raw: boolean): Promise<unknown> {
    const { timeoutMs = this.#commandTimeoutMs, signal } = options
    const id = ++this.#lastId
    // Captured now: when the answer fails, the caller is no longer on the stack.
    const site = new Error(method)
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
        this.#pending.delete(id)
      }
      const fail: PendingCall['fail'] = (code, message, cause) => {
        settle()
        reject(atCallSite(new InspectorError(code, `${method}: ${message}`, { cause }), site))
      }
      const succeed = (result: unknown) => {
        if (!raw && !isUsable(method, result)) {
          return fail('command-failed', 'the target sent what is no answer to it')
        }
        settle()
        resolve(result)
      }
      const onAbort = () => {
        settle()
        reject(signal?.reason)
      }
      const timer = setTimeout(
        () => fail('command-timeout', `no answer from the target within ${timeoutMs} ms`),
        timeoutMs,
      )
      if (this.#endReason !== undefined) return fail('session-closed', this.#endReason)
      if (signal?.aborted) return onAbort()
      signal?.addEventListener('abort', onAbort)
      this.#pending.set(id, { succeed, fail, raw })
      this.#unanswered?.sent(id)
      this.#nudge?.end()
      this.#transport.send(JSON.stringify({ id, method, params }))
    })
  }

  /** Nobody waits for its answer. */
  #sendNoOp(): void {
    const method: Method = 'Runtime.getIsolateId'
    const id = ++this.#lastId
    this.#unanswered?.sent(id)
    this.#transport.send(JSON.stringify({ id, method }))
  }

  #receive(message: Uint8Array): void {
    const reply = readReply(message, (id) => this.#pending.get(id)?.raw ?? false)
    switch (reply.kind) {
      case 'event':
        this.#emit(reply.method, reply.params)
        break
      // An unknown id is the late answer of a call that timed out, or noise.
      case 'result':
        this.#pending.get(reply.id)?.succeed(reply.result)
        break
      case 'error':
        this.#unanswered?.answered(reply.id)
        this.#pending.get(reply.id)?.fail('command-failed', reply.message)
        break
      case 'unreadable':
        this.#end('the target sent what is no message of the inspector protocol')
        this.#transport.close()
    }
  }

  #emit(method: string, params: unknown): void {
    try {
      for (const listener of this.#listeners.get(method) ?? []) {
        const work = listener(params as never)
        if (work instanceof Promise) this.#holdUntil(work, method)
      }
    } catch {
      this.#unreadable(method)
    }
  }

  #holdUntil(work: Promise<unknown>, method: string): void {
    const resume = this.pause()
    work.then(resume, () => this.#unreadable(method))
  }

  /** Its parameters are not what the protocol says; thrown on, that would end pprofd. */
  #unreadable(method: string): void {
    this.#end(`the target sent an unreadable ${method}`)
    this.#transport.close()
  }

  /** First what has come meanwhile, which may hold the rest up again. */
  #readOn(): void {
    for (const message of this.#held.splice(0)) {
      if (this.isClosed) return
      if (this.#holds > 0) this.#held.push(message)
      else this.#receive(message)
    }
    if (this.#holds === 0) this.#transport.resume()
  }

  #end(reason: string, code: InspectorErrorCode = 'session-closed'): void {
    if (this.#endReason !== undefined) return
    this.#endReason = reason
    this.#held.length = 0
    this.#nudge?.end()
    for (const call of [...this.#pending.values()]) call.fail(code, reason)
  }
}

/** Gives the error the stack of the place that sent the command. */
function atCallSite(error: Error, site: Error): Error {
  const frames = site.stack?.split('\n').slice(1).join('\n') ?? ''
  error.stack = `${error.name}: ${error.message}\n${frames}`
  return error
}
