/**
 * What was recorded from the landing page, for some minutes: so that its flame graph and every format
 * of the same recording can be had from it. Only the user who recorded it gets it.
 */
import { randomBytes } from 'node:crypto'
import type { Recorded } from './recorded.ts'

export interface ResultLimits {
  /** Of one user; the oldest one goes. */
  readonly resultsPerUid: number
  /** Of all users. */
  readonly results: number
  /** Of all users; what is larger by itself is kept as the only one. */
  readonly bytes: number
  readonly keepMs: number
}

export const resultLimits: ResultLimits = {
  resultsPerUid: 10,
  results: 40,
  bytes: 256 * 1024 * 1024,
  keepMs: 15 * 60_000,
}

export interface ResultHead {
  readonly kind: string
  readonly label: string
  readonly target: { readonly id: string; readonly name: string; readonly pid: number }
  /** Who recorded it; undefined: a user that nobody knows. */
  readonly uid: number | undefined
  readonly seconds: number
  /** Of /captures. */
  readonly captureId: string
}

export interface Result extends ResultHead, Recorded {
  readonly id: string
  /** ms since the epoch. */
  readonly madeAtMs: number
  readonly goneAtMs: number
}

/** 128 bits: whoever knows one was told. */
const idBytes = 16

export class ResultStore {
  readonly #limits: ResultLimits
  /** In the order in which they were made. */
  readonly #results = new Map<string, Result>()
  #sizeBytes = 0
  #timer: NodeJS.Timeout | undefined

  constructor(limits: ResultLimits = resultLimits) {
    this.#limits = limits
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get count(): number {
    return this.#results.size
  }

  keep(head: ResultHead, recorded: Recorded): Result {
    const madeAtMs = Date.now()
    const id = randomBytes(idBytes).toString('base64url')
    const goneAtMs = madeAtMs + this.#limits.keepMs
    const result = { ...head, ...recorded, id, madeAtMs, goneAtMs }
    this.#makeRoom(result)
    this.#results.set(id, result)
    this.#sizeBytes += result.sizeBytes
    this.#wake()
    return result
  }

  /** Undefined where there is none, or it is another user's. */
  find(id: string, uid: number | undefined): Result | undefined {
    const result = this.#results.get(id)
    return result !== undefined && result.uid === uid ? result : undefined
  }

  /** A user's, the newest first; none of those whom nobody tells apart. */
  of(uid: number | undefined): readonly Result[] {
    if (uid === undefined) return []
    return [...this.#results.values()].filter((result) => result.uid === uid).reverse()
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#results.clear()
    this.#sizeBytes = 0
  }

  #makeRoom({ uid, sizeBytes }: Result): void {
    const own = [...this.#results.values()].filter((result) => result.uid === uid)
    for (const result of own.slice(0, Math.max(0, own.length + 1 - this.#limits.resultsPerUid))) {
      this.#forget(result)
    }
    for (const result of this.#results.values()) {
      const isFull = this.#results.size >= this.#limits.results
      if (!isFull && this.#sizeBytes + sizeBytes <= this.#limits.bytes) return
      this.#forget(result)
    }
  }

  #forget({ id, sizeBytes }: Result): void {
    if (this.#results.delete(id)) this.#sizeBytes -= sizeBytes
  }

  /** One timer, for the oldest one. */
  #wake(): void {
    if (this.#timer !== undefined) return
    const [oldest] = this.#results.values()
    if (oldest === undefined) return
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined
        const nowMs = Date.now()
        for (const result of this.#results.values()) {
          if (result.goneAtMs <= nowMs) this.#forget(result)
        }
        this.#wake()
      },
      Math.max(0, oldest.goneAtMs - Date.now()) + 1,
    ).unref()
  }
}
