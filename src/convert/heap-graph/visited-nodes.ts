/** The nodes that one of very many searches has seen; forgetting them costs nothing. */
export class VisitedNodes {
  readonly #stamps: Uint32Array
  #stamp = 0

  constructor(nodeCount: number) {
    this.#stamps = new Uint32Array(nodeCount)
  }

  clear(): void {
    this.#stamp++
  }

  /** False when it was there already. */
  add(node: number): boolean {
    if (this.#stamps[node] === this.#stamp) return false
    this.#stamps[node] = this.#stamp
    return true
  }
}
