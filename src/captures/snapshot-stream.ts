/**
 * One `HeapProfiler.takeHeapSnapshot`, its chunks handed on one after the other as bytes. Nothing is
 * kept here: while the consumer is at work the connection is not read, and what V8 has written
 * already waits in the target's memory.
 */
import { CaptureError } from '../errors.ts'
import type { Session } from '../inspector/session.ts'

/** `done` of `total` steps. */
export type OnProgress = (done: number, total: number) => void

export interface SnapshotConsumer {
  /** Gets V8's JSON as UTF-8 chunks in order; awaited, and the socket is not read meanwhile. */
  readonly write: (chunk: Uint8Array) => Promise<void> | void
  /** V8 walks the heap: how far it is. */
  readonly onProgress?: OnProgress | undefined
  /** How long a `write` may take, in ms. */
  readonly stallMs: number
  /** How long nothing may come, in ms. */
  readonly silenceMs?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * V8 reports its progress at least every few seconds on a heap of 1 GB, but for the two collections
 * that it begins with and for the work on all edges at the end, which took 10 s a GB.
 */
const defaultSilenceMs = 300_000

/** setTimeout's longest, 24 days: silence and stalls end it, not the size. */
export const noTimeoutMs = 2 ** 31 - 1

/**
 * Resolves to the number of bytes when the last one is written. Given up, it still reads on and drops
 * what comes until V8 is done: where a connection ends while Node writes to it, Node may write to
 * what is no more and die of it (WsHandler::OnEof; 3 of 100 such ends on Node 20.20).
 */
export async function streamSnapshot(
  session: Session,
  { write, onProgress, stallMs, silenceMs = defaultSilenceMs, signal }: SnapshotConsumer,
): Promise<number> {
  signal?.throwIfAborted()
  const failing = new AbortController()
  const givenUp = anySignal(failing.signal, signal)
  const whenGivenUp = new Promise<void>((resolve) => {
    givenUp.addEventListener('abort', () => resolve(), { once: true })
  })
  const fail = (reason: unknown) => failing.abort(reason)
  const dead = new AbortController()
  const silence = new Deadline(silenceMs, () => dead.abort(silent(silenceMs)))
  const stall = new Deadline(stallMs, () => fail(stalled(stallMs)))
  const encode = utf8Encoder()
  let sizeBytes = 0
  let lastByte: number | undefined
  const handOn = (bytes: Uint8Array) => {
    const written = settled(() => write(bytes), fail)
    if (written === undefined) return undefined
    silence.stop()
    stall.start()
    return Promise.race([written, whenGivenUp]).finally(() => {
      stall.stop()
      silence.start()
    })
  }
  const unlisten = [
    session.on('HeapProfiler.reportHeapSnapshotProgress', ({ done, total }) => {
      silence.start()
      if (!givenUp.aborted) void settled(() => onProgress?.(done, total), fail)
    }),
    session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => {
      silence.start()
      if (givenUp.aborted) return undefined
      const bytes = encode(chunk)
      sizeBytes += bytes.length
      lastByte = bytes.at(-1) ?? lastByte
      return handOn(bytes)
    }),
  ]
  try {
    silence.start()
    await session.send(
      'HeapProfiler.takeHeapSnapshot',
      { reportProgress: onProgress !== undefined },
      { timeoutMs: noTimeoutMs, signal: dead.signal },
    )
  } catch (error) {
    // Whatever it is doing: what it sends later shall find nobody.
    if (dead.signal.aborted) await session.close('the target fell silent')
    givenUp.throwIfAborted()
    throw error
  } finally {
    silence.end()
    stall.end()
    for (const end of unlisten) end()
  }
  givenUp.throwIfAborted()
  if (lastByte === closingBrace) return sizeBytes
  throw new CaptureError('recording-invalid', 'the target sent half a heap snapshot')
}

const closingBrace = '}'.charCodeAt(0)

function silent(silenceMs: number): CaptureError {
  const message = `the target sent nothing of its heap snapshot for ${silenceMs / 1000} s`
  return new CaptureError('recording-invalid', message)
}

function stalled(stallMs: number): CaptureError {
  const message = `nobody took the heap snapshot for ${stallMs / 1000} s, and it waits in the target's memory`
  return new CaptureError('capture-aborted', message)
}

/** Runs `work`, which never fails for whoever awaits it: `onFailure` hears of it. */
function settled(work: () => Promise<void> | void, onFailure: (reason: unknown) => void) {
  try {
    return work()?.catch(onFailure)
  } catch (error) {
    onFailure(error)
    return undefined
  }
}

/** Fires with the first of those that are there. */
export function anySignal(...signals: readonly (AbortSignal | undefined)[]): AbortSignal {
  return AbortSignal.any(signals.filter((signal) => signal !== undefined))
}

/** V8 writes ASCII only; in whatever else comes, a chunk may end between the halves of a character. */
function utf8Encoder(): (text: string) => Uint8Array {
  let cut = ''
  return (text) => {
    if (typeof text !== 'string') throw new TypeError('a chunk is no text')
    const whole = cut + text
    const endsInHalf = /[\ud800-\udbff]$/.test(whole.slice(-1))
    cut = endsInHalf ? whole.slice(-1) : ''
    return Buffer.from(endsInHalf ? whole.slice(0, -1) : whole)
  }
}

class Deadline {
  readonly #afterMs: number
  readonly #onTooLate: () => void
  #timer: NodeJS.Timeout | undefined
  #isOver = false

  constructor(afterMs: number, onTooLate: () => void) {
    this.#afterMs = afterMs
    this.#onTooLate = onTooLate
  }

  /** From now on, whatever went before. */
  start(): void {
    if (this.#timer) this.#timer.refresh()
    else if (!this.#isOver) this.#timer = setTimeout(this.#onTooLate, this.#afterMs)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** For good: a write that is under way still may end later. */
  end(): void {
    this.stop()
    this.#isOver = true
  }
}
