/** Keeps what was found in a file for as long as the file stays as it is, the least used forgotten first. */
export class ByteCache<Value> {
  readonly #maxBytes: number
  readonly #entries = new Map<string, Entry<Value>>()
  #usedBytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** `identity` tells the file's content: another one than at `set`, and the value is forgotten. */
  get(key: string, identity: string): Value | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#remove(key, entry)
    if (entry.identity !== identity) return undefined
    this.#add(key, entry)
    return entry.value
  }

  /** `sizeBytes` may be an estimate; what is larger than the whole cache is not kept. */
  set(key: string, identity: string, value: Value, sizeBytes: number): void {
    const known = this.#entries.get(key)
    if (known) this.#remove(key, known)
    if (sizeBytes > this.#maxBytes) return
    this.#add(key, { identity, value, sizeBytes })
    for (const [oldest, entry] of this.#entries) {
      if (this.#usedBytes <= this.#maxBytes) return
      this.#remove(oldest, entry)
    }
  }

  #add(key: string, entry: Entry<Value>): void {
    this.#entries.set(key, entry)
    this.#usedBytes += entry.sizeBytes
  }

  #remove(key: string, entry: Entry<Value>): void {
    this.#entries.delete(key)
    this.#usedBytes -= entry.sizeBytes
  }
}

interface Entry<Value> {
  readonly identity: string
  readonly value: Value
  readonly sizeBytes: number
}
