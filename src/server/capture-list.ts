/** The captures that run and the last that ended: what `/captures` shows, and where one is ended. */
import { randomBytes } from 'node:crypto'
import { CaptureError } from '../errors.ts'
import type { Caller } from './caller.ts'

export type CaptureState = 'running' | 'done' | 'failed' | 'aborted'

export interface CaptureStart {
  /** As in the log: `cpu`, `heap`, `trace`. */
  readonly kind: string
  readonly target: { readonly id: string; readonly name: string; readonly pid: number }
  readonly caller: Caller
  /** What was asked for. */
  readonly parameters: object
  /** How long it records. */
  readonly durationMs: number
}

export interface CaptureEnd {
  /** `ok`, or the code of the error. */
  readonly outcome: string
  /** What went wrong, in words. */
  readonly reason?: string | undefined
  /** Longest pause of the target that is known of. */
  readonly pauseMs?: number | undefined
  /** The capture whose result this one was answered with. */
  readonly sharedWith?: string | undefined
  /** Bytes that went out on the connection, with the head; undefined: not known. */
  readonly sentBytes?: number | undefined
  /** Until the answer was sent or given up. */
  readonly elapsedMs: number
}

/** One capture as `/captures` tells it. */
export interface CaptureView extends CaptureStart, Partial<CaptureEnd> {
  readonly id: string
  readonly state: CaptureState
  readonly startedAt: string
  readonly elapsedMs: number
}

/** What a list of the last ones is good for fits on a page. */
const maxEnded = 100

/** 96 bits: nobody guesses one. */
const idBytes = 12

export class CaptureList {
  readonly #running = new Map<string, RunningCapture>()
  /** In the order in which they ended. */
  readonly #ended = new Map<string, CaptureView>()
  /** Who made a result first; the others shared it. */
  readonly #makers = new WeakMap<object, string>()
  readonly #count: (kind: string, end: CaptureEnd) => void

  /** `count` is told of every capture that ended, also of those that got no slot. */
  constructor(count: (kind: string, end: CaptureEnd) => void = () => {}) {
    this.#count = count
  }

  count(kind: string, end: CaptureEnd): void {
    this.#count(kind, end)
  }

  begin(start: CaptureStart, giveUp: (error: CaptureError) => void): RunningCapture {
    const id = randomBytes(idBytes).toString('base64url')
    const capture = new RunningCapture(id, start, giveUp, (view) => this.#keep(view))
    this.#running.set(id, capture)
    return capture
  }

  /** The running ones, then the ended ones, the newest first. */
  all(): readonly CaptureView[] {
    const running = [...this.#running.values()].map((capture) => capture.view())
    return [...running.reverse(), ...[...this.#ended.values()].reverse()]
  }

  find(id: string): CaptureView | undefined {
    return this.#running.get(id)?.view() ?? this.#ended.get(id)
  }

  running(id: string): RunningCapture | undefined {
    return this.#running.get(id)
  }

  /** The capture that made this result before; undefined: it is `id` that did. */
  sharedWith(result: object, id: string): string | undefined {
    const maker = this.#makers.get(result)
    if (maker === undefined) this.#makers.set(result, id)
    return maker
  }

  #keep(view: CaptureView): void {
    this.#running.delete(view.id)
    this.#ended.set(view.id, view)
    for (const id of this.#ended.keys()) {
      if (this.#ended.size <= maxEnded) return
      this.#ended.delete(id)
    }
  }
}

export class RunningCapture {
  readonly id: string
  readonly start: CaptureStart
  /** Resolves when its target is restored and its answer sent or given up. */
  readonly ended: Promise<CaptureView>
  readonly #startedAt = new Date().toISOString()
  readonly #startedMs = performance.now()
  readonly #giveUp: (error: CaptureError) => void
  #resolve: (view: CaptureView) => void = () => {}

  constructor(
    id: string,
    start: CaptureStart,
    giveUp: (error: CaptureError) => void,
    onEnd: (view: CaptureView) => void,
  ) {
    this.id = id
    this.start = start
    this.#giveUp = giveUp
    this.ended = new Promise<CaptureView>((resolve) => {
      this.#resolve = (view) => {
        onEnd(view)
        resolve(view)
      }
    })
  }

  view(): CaptureView {
    const elapsedMs = Math.round(performance.now() - this.#startedMs)
    return { ...this.#head, state: 'running', elapsedMs }
  }

  end(end: CaptureEnd): void {
    this.#resolve({ ...this.#head, ...end, state: stateOf(end.outcome) })
  }

  /** Makes it end; its client is told who wanted that. */
  giveUp({ uid, address }: Caller): void {
    const who = uid === undefined ? address : `uid ${uid} at ${address}`
    this.#giveUp(
      new CaptureError('capture-ended', `DELETE /captures/${this.id} by ${who} ended this capture`),
    )
  }

  get #head() {
    return { id: this.id, ...this.start, startedAt: this.#startedAt }
  }
}

function stateOf(outcome: string): CaptureState {
  if (outcome === 'ok') return 'done'
  return outcome === 'capture-aborted' || outcome === 'capture-ended' ? 'aborted' : 'failed'
}
