/**
 * Names of the addresses that our profiles carry, for `/debug/pprof/symbol`. Addresses are hashes
 * of the call frame, the same for every target, so one table serves all of them and a request that
 * names no target (pprof drops the query string when it derives this URL) finds them too.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'

export interface SymbolLimits {
  /** A large service has some 10,000 functions on its stacks: room for 20 such targets. */
  readonly addresses: number
  /** Names come from targets, up to 512 characters each; this bounds their memory to about 32 MB. */
  readonly characters: number
}

const defaultLimits: SymbolLimits = { addresses: 200_000, characters: 16 * 1024 * 1024 }

/** Takes some 3 ms. */
const atOnce = 10_000

export class SymbolTable {
  readonly #limits: SymbolLimits
  /** In the order of the last profile that carried each address: the first goes first. */
  readonly #names = new Map<number, string>()
  #characters = 0

  constructor(limits: SymbolLimits = defaultLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#names.size
  }

  add(symbols: Iterable<readonly [address: number, name: string]>): void {
    for (const [address, name] of symbols) {
      this.#remove(address)
      this.#names.set(address, name)
      this.#characters += name.length
    }
    for (const address of this.#names.keys()) {
      if (!this.#isFull()) return
      this.#remove(address)
    }
  }

  /** For those of a profile that may be large: others come first after some thousand of them. */
  async addGradually(symbols: Iterable<readonly [address: number, name: string]>): Promise<void> {
    const some: (readonly [address: number, name: string])[] = []
    for (const symbol of symbols) {
      if (some.push(symbol) < atOnce) continue
      this.add(some)
      some.length = 0
      await nextTurn()
    }
    this.add(some)
  }

  nameOf(address: number): string | undefined {
    return this.#names.get(address)
  }

  #isFull(): boolean {
    const { addresses, characters } = this.#limits
    return this.#names.size > addresses || this.#characters > characters
  }

  #remove(address: number): void {
    this.#characters -= this.#names.get(address)?.length ?? 0
    this.#names.delete(address)
  }
}
