/**
 * The account of one capture: its entry of `/captures`, the header that names it, and its line of the
 * log, which is the audit: who did what to which target, and what came of it.
 */
import type { ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { FastifyReply } from 'fastify'
import { OperationalError } from '../errors.ts'
import type { Target } from '../targets/target.ts'
import { type Caller, callerOf } from './caller.ts'
import { auditEnd } from './capture-audit.ts'
import type { CaptureList, RunningCapture } from './capture-list.ts'
import type { TargetRequest } from './context.ts'

export interface CaptureCost {
  /** Longest pause of the target that is known of. */
  readonly pauseMs?: number | undefined
  readonly [key: string]: string | number | boolean | undefined
}

interface RecordedCost extends CaptureCost {
  readonly sharedWith?: string | undefined
}

export interface AccountOf {
  readonly request: TargetRequest
  readonly reply: FastifyReply
  readonly target: Target
  readonly job: { readonly name: string; readonly durationMs: number; readonly wanted: object }
  readonly abort: AbortController
}

export class CaptureAccount {
  readonly caller: Caller
  readonly #captures: CaptureList
  readonly #of: AccountOf
  readonly #startedMs = performance.now()
  readonly #sentBytes: () => number | undefined
  /** Undefined: it got no slot. */
  #entry: RunningCapture | undefined
  #isRecording = true

  constructor(captures: CaptureList, of: AccountOf) {
    this.caller = callerOf(of.request.raw)
    this.#captures = captures
    this.#of = of
    this.#sentBytes = countSent(of.reply)
  }

  /** It has a slot. */
  begin(): void {
    const { reply, target, job, abort } = this.#of
    const start = {
      kind: job.name,
      target: { id: target.id, name: target.name, pid: target.pid },
      caller: this.caller,
      parameters: job.wanted,
      durationMs: job.durationMs,
    }
    this.#entry = this.#captures.begin(start, (error) => {
      abort.abort(error)
      if (!this.#isRecording) reply.raw.destroy(error)
    })
    reply.header('X-Pprofd-Capture', this.#entry.id)
  }

  failed(error: unknown): void {
    if (error instanceof OperationalError) this.#end(error.code, error.message)
    else this.#end('internal-error', 'the details are in the log')
  }

  /** The target is let go; the account is closed when the answer is sent or given up. */
  recorded(cost: CaptureCost, shared: object | undefined): void {
    this.#isRecording = false
    const { raw } = this.#of.reply
    const sharedWith = shared && this.#captures.sharedWith(shared, this.#entry?.id ?? '')
    let isOpen = true
    const close = (isWhole: boolean) => {
      if (!isOpen) return
      isOpen = false
      this.#end(...outcomeOf(raw, isWhole), { ...cost, sharedWith })
    }
    if (raw.writableFinished || raw.destroyed) close(raw.writableEnded)
    else raw.once('finish', () => close(true)).once('close', () => close(false))
  }

  #end(outcome: string, reason: string | undefined, cost: RecordedCost = {}): void {
    const { request, target, job } = this.#of
    const elapsedMs = Math.round(performance.now() - this.#startedMs)
    auditEnd(
      this.#captures,
      { log: request.log, caller: this.caller, target, job, entry: this.#entry },
      { outcome, reason, elapsedMs, sentBytes: this.#sentBytes(), cost },
    )
  }
}

function outcomeOf(
  raw: ServerResponse,
  isWhole: boolean,
): readonly [outcome: string, reason: string | undefined] {
  if (!isWhole) {
    const { errored } = raw
    if (errored instanceof OperationalError) return [errored.code, errored.message]
    return ['capture-aborted', 'the client left before it had the whole answer']
  }
  if (raw.statusCode === 429) return ['captures-exhausted', 'too many bytes of answers waited']
  if (raw.statusCode >= 400) return ['internal-error', 'the details are in the log']
  return ['ok', undefined]
}

/** Counts what goes out on the connection from now on, the head included. */
function countSent(reply: FastifyReply): () => number | undefined {
  const { raw } = reply
  const { socket } = raw
  if (socket instanceof Socket) {
    const before = socket.bytesWritten
    return () => socket.bytesWritten - socket.writableLength - before
  }
  // A request that never came by a connection.
  return () => {
    const length = reply.getHeader('content-length')
    return length === undefined ? undefined : Number(length)
  }
}
