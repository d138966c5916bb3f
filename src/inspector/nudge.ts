/** When they are sent, each so many ms after the one before: 40 ms after the last answer nothing waits any more. */
const gapsMs = [1, 2, 4, 8, 16, 32] as const

/**
 * Of two messages in a row the second waits some 40 ms in the target's socket for our delayed ACK (Nagle's
 * algorithm). Whatever is sent meanwhile carries the ACK; where there is nothing else to say, a no-op does.
 */
export class Nudge {
  readonly #sendNoOp: () => void
  #sent = 0
  #timer: NodeJS.Timeout | undefined

  constructor(sendNoOp: () => void) {
    this.#sendNoOp = sendNoOp
  }

  /** Something came, and more is awaited. Without effect until `end` when that was so before. */
  begin(): void {
    if (this.#timer === undefined) this.#next()
  }

  /** Something was sent, or nothing more is awaited. */
  end(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#sent = 0
  }

  #next(): void {
    this.#timer = undefined
    const gapMs = gapsMs[this.#sent]
    if (gapMs === undefined) return
    this.#timer = setTimeout(() => {
      this.#sent++
      this.#sendNoOp()
      this.#next()
    }, gapMs)
  }
}
