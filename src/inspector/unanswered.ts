import { setTimeout as sleep } from 'node:timers/promises'

/** V8 begins every answer with it (v8_inspector's `serializeResponse` and `createErrorResponse`). */
const idPrefix = /^\{"id":(\d{1,15})[,}]/
const prefixBytes = 24

/** A target that reacts answers within a few ms; one that does not will not do so at this very moment. */
const silenceMs = 250

/** One that does not come to rest is not waited for longer. */
const atMostMs = 1000

/** The commands of a connection whose answers are still to come, whether or not anybody waits for them. */
export class Unanswered {
  readonly #ids = new Set<number>()
  #lastMs = 0
  #onQuiet = () => {}

  sent(id: number): void {
    this.#ids.add(id)
  }

  received(message: Uint8Array): void {
    this.#lastMs = performance.now()
    const start = Buffer.from(message.buffer, message.byteOffset, message.byteLength)
    const id = idPrefix.exec(start.toString('latin1', 0, prefixBytes))?.[1]
    if (id !== undefined) this.answered(Number(id))
  }

  /** Where the text of the answer begins with something else, as Node's own errors do. */
  answered(id: number): void {
    this.#ids.delete(id)
    if (this.#ids.size === 0) this.#onQuiet()
  }

  /** Resolves when nothing is to come any more, nothing came for a while, or the connection has ended; in a second. */
  async quiet(ended: Promise<void>): Promise<void> {
    const answered = new Promise<void>((resolve) => {
      this.#onQuiet = resolve
    })
    let isOver = this.#ids.size === 0
    const over = Promise.race([answered, ended]).then(() => {
      isOver = true
    })
    this.#lastMs = performance.now()
    const deadline = this.#lastMs + atMostMs
    while (!isOver) {
      const restMs = Math.min(this.#lastMs + silenceMs, deadline) - performance.now()
      if (restMs <= 0) return
      await Promise.race([over, sleep(restMs, undefined, { ref: false })])
    }
  }
}
