/**
 * Which pieces of pending work of two looks are the same. Where Node numbers them, its number tells.
 * Suspended functions have none, and their addresses move: of those whose outermost function is the same,
 * first those are the same whose stacks are equal, then, in order, any two.
 */
export interface Identifiable {
  /** Node's number of it with its thread, where it has one. */
  readonly key: string | undefined
  /** What may be taken for one another. */
  readonly family: string
  /** What tells those of a family apart for now. */
  readonly signature: string
}

interface Member {
  readonly id: number
  readonly signature: string
}

export class GoroutineIds {
  readonly #newId: () => number
  #byKey = new Map<string, number>()
  #families = new Map<string, readonly Member[]>()

  constructor(newId: () => number) {
    this.#newId = newId
  }

  /**
   * Ids of all that there is now, in their order. `keepsOthers`: not all was looked at, so what is not
   * among them may come again.
   */
  assign(pieces: readonly Identifiable[], keepsOthers = false): readonly number[] {
    const ids = new Array<number>(pieces.length).fill(0)
    const byKey = new Map<string, number>(keepsOthers ? this.#byKey : [])
    const seen = new Set<string>()
    const byFamily = new Map<string, number[]>()
    for (const [index, { key, family }] of pieces.entries()) {
      // A number that comes twice is none.
      if (key === undefined || seen.has(key)) {
        const known = byFamily.get(family)
        if (known === undefined) byFamily.set(family, [index])
        else known.push(index)
        continue
      }
      ids[index] = this.#byKey.get(key) ?? this.#newId()
      byKey.set(key, ids[index] ?? 0)
      seen.add(key)
    }
    const families = new Map<string, readonly Member[]>(keepsOthers ? this.#families : [])
    for (const [family, indexes] of byFamily) {
      const members = this.#assignFamily(family, indexes, pieces, ids)
      const known = new Set(members.map(({ id }) => id))
      const others = (families.get(family) ?? []).filter(({ id }) => !known.has(id))
      families.set(family, [...members, ...others])
    }
    this.#byKey = byKey
    this.#families = families
    return ids
  }

  #assignFamily(
    family: string,
    indexes: readonly number[],
    pieces: readonly Identifiable[],
    ids: number[],
  ): readonly Member[] {
    const free = new Map<string, number[]>()
    for (const { id, signature } of this.#families.get(family) ?? []) {
      const known = free.get(signature)
      if (known === undefined) free.set(signature, [id])
      else known.push(id)
    }
    const signatureOf = (index: number) => pieces[index]?.signature ?? ''
    const changed: number[] = []
    for (const index of indexes) {
      const id = free.get(signatureOf(index))?.shift()
      if (id === undefined) changed.push(index)
      else ids[index] = id
    }
    const left = [...free.values()].flat().sort((a, b) => a - b)
    for (const [order, index] of changed.entries()) ids[index] = left[order] ?? this.#newId()
    return indexes.map((index) => ({ id: ids[index] ?? 0, signature: signatureOf(index) }))
  }
}
