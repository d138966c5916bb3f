/**
 * The answers that wait for their clients to take them. They are memory of ours that clients decide
 * about, so their bytes are bounded, and whoever takes nothing is cut off.
 */
import type { ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { CaptureError } from '../errors.ts'

export interface OutboxLimits {
  /** Of all answers that wait. */
  readonly bytesInFlight: number
  /** How long a client may take nothing of its answer. */
  readonly stallSeconds: number
}

/** Slower is a modem, or somebody who wants to hold our memory. */
const minBytesPerSecond = 16 * 1024

/** What fits into the kernel's buffers and is never in the way: pages, lists, errors. */
const smallBytes = 64 * 1024

export class Outbox {
  readonly #limits: OutboxLimits
  #bytes = 0

  constructor(limits: OutboxLimits) {
    this.#limits = limits
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Whether nothing more may be made before something is taken. */
  get isFull(): boolean {
    return this.#bytes >= this.#limits.bytesInFlight
  }

  /** Whether an answer of that size may wait, too. The only one may, whatever its size. */
  hasRoomFor(sizeBytes: number): boolean {
    if (sizeBytes <= smallBytes || this.#bytes === 0) return true
    return this.#bytes + sizeBytes <= this.#limits.bytesInFlight
  }

  /** Counts bytes that begin to wait and cuts the answer if they wait too long; call what it returns when they do not. */
  hold(raw: ServerResponse, sizeBytes: number): () => void {
    this.#bytes += sizeBytes
    const forget = cutOnStall(raw, sizeBytes, this.#limits.stallSeconds)
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      this.#bytes -= sizeBytes
      forget()
    }
  }

  /** As `hold`, until the whole answer is sent or its client has left. */
  holdUntilSent(raw: ServerResponse, sizeBytes: number): void {
    if (raw.destroyed) return
    const release = this.hold(raw, sizeBytes)
    raw.once('finish', release).once('close', release)
  }
}

/** Two clocks: nothing moves (Node's, which sees parts of a write go out), and it moves too slowly. */
function cutOnStall(raw: ServerResponse, sizeBytes: number, stallSeconds: number): () => void {
  // An answer that waits for an earlier one of its connection has no socket of its own yet.
  const { socket } = raw.req
  // A request that never came by a connection has none.
  if (!(socket instanceof Socket)) return () => {}
  const cut = (how: string) => () => {
    raw.destroy(new CaptureError('capture-aborted', `the client took ${how}`))
    // One that waits for an earlier answer is not connected yet.
    socket.destroy()
  }
  const onStall = cut(`nothing of its answer for ${stallSeconds} s`)
  const slowMs = (stallSeconds + sizeBytes / minBytesPerSecond) * 1000
  const slow = setTimeout(cut('its answer too slowly'), Math.min(slowMs, maxTimerMs))
  const restore = onTimeout(socket, stallSeconds * 1000, onStall)
  return () => {
    clearTimeout(slow)
    restore()
  }
}

interface LoweredTimeout {
  readonly usualMs: number
  readonly loweredMs: number
  readonly cuts: Set<() => void>
  readonly cutAll: () => void
}

/** Several answers of a connection may wait for it at once. */
const lowered = new WeakMap<Socket, LoweredTimeout>()

/** Calls `cut` where nothing moves on the connection for that long; call what it returns to stop that. */
function onTimeout(socket: Socket, timeoutMs: number, cut: () => void): () => void {
  const entry = lowered.get(socket) ?? lowerTimeout(socket, timeoutMs)
  entry.cuts.add(cut)
  return () => {
    entry.cuts.delete(cut)
    if (entry.cuts.size > 0) return
    lowered.delete(socket)
    socket.off('timeout', entry.cutAll)
    // Node has set another one where the connection is idle now.
    if (socket.timeout === entry.loweredMs) socket.setTimeout(entry.usualMs)
  }
}

function lowerTimeout(socket: Socket, timeoutMs: number): LoweredTimeout {
  const cuts = new Set<() => void>()
  const cutAll = () => {
    for (const cut of cuts) cut()
  }
  // One more than anybody else sets, so that it is told from that of an idle connection.
  const entry = { usualMs: socket.timeout ?? 0, loweredMs: timeoutMs + 1, cuts, cutAll }
  lowered.set(socket, entry)
  socket.on('timeout', cutAll)
  socket.setTimeout(entry.loweredMs)
  return entry
}

/** What setTimeout can count. */
const maxTimerMs = 2 ** 31 - 1
