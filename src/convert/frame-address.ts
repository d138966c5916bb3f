/**
 * Addresses for frames that have none: readers tell locations apart, and some whole stacks, by
 * addresses alone, across scrapes and restarts. So they are hashes of what does not change with a
 * restart: file, position and name. 47 bits, as user space addresses of x64, fit a number and
 * make a collision among 20,000 locations a matter of one in a million.
 */

/** Of the function at that 0-based position. Never 0. */
export function frameAddress(file: string, line: number, column: number, name: string): number {
  return hash47(`${file}\0${line}\0${column}\0${name}`)
}

/** Of one line within the function at `address`, where samples hit it. Never 0. */
export function lineAddress(address: number, line: number): number {
  return hash47(`${address}:${line}`)
}

/** cyrb53, of which 47 bits are kept: https://github.com/bryc/code/blob/master/jshash/experimental/cyrb53.js */
function hash47(text: string): number {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    high = Math.imul(high ^ unit, 2654435761)
    low = Math.imul(low ^ unit, 1597334677)
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909)
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909)
  return (high & 0x7fff) * 2 ** 32 + (low >>> 0) || 1
}

/** Hands out every address once: the next free one where two hashes are equal. */
export class AddressSpace {
  readonly #taken = new Set<number>()

  claim(wanted: number): number {
    let address = wanted
    while (this.#taken.has(address)) address++
    this.#taken.add(address)
    return address
  }
}
