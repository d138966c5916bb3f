/** A lock for asynchronous work: who comes while it is held waits in line. */
export class Lock {
  #isHeld = false
  #waiting = []

  async acquire() {
    if (this.#isHeld) await new Promise((resolve) => this.#waiting.push(resolve))
    this.#isHeld = true
  }

  release() {
    this.#isHeld = false
    this.#waiting.shift()?.()
  }
}
