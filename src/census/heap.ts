/** V8's objects in another process's memory, each told by the instance type of its map. */
import { type Constants, fields } from './layout.ts'

/** Another process's memory; what is not mapped reads as 0. */
export interface HeapMemory {
  /** The 64-bit word, exact below 2^53. */
  word(address: number): number
  uint32(address: number): number
  uint16(address: number): number
  bytes(address: number, length: number): Buffer
}

/** A word of the heap is a pointer plus 1, or a 31-bit number in the upper half ("Smi"). */
export class Heap {
  readonly memory: HeapMemory
  readonly constants: Constants
  /** By address of the map. Maps do not change their type, and live longer than what they describe. */
  readonly #types = new Map<number, number>()

  constructor(memory: HeapMemory, constants: Constants) {
    this.memory = memory
    this.constants = constants
  }

  /** The object a field points at, followed to where the collector has moved it; 0 for a Smi. */
  object(address: number): number {
    const word = this.memory.word(address)
    if (word % 2 !== 1) return 0
    const object = word - (word % 4)
    const map = this.memory.word(object)
    // While the collector works, a moved object's map word is its new address, without the 1.
    return map !== 0 && map % 8 === 0 ? map : object
  }

  isSmi(address: number): boolean {
    return this.memory.uint32(address) === 0
  }

  smi(address: number): number {
    return this.memory.uint32(address + 4) | 0
  }

  /** -1 for what is no object. */
  typeOf(object: number): number {
    if (object === 0) return -1
    const map = this.memory.word(object)
    const known = this.#types.get(map)
    if (known !== undefined) return known
    const type = this.#mapType(map)
    this.#types.set(map, type)
    return type
  }

  /** The text of a name; undefined for anything else, and for what is longer than names are. */
  string(object: number, depth = 0): string | undefined {
    const type = this.typeOf(object)
    // Below 0x80 are the strings; the lower three bits tell their representation (instance-type.h).
    if (type < 0 || type >= 0x80 || depth > 20) return undefined
    const { offsets } = this.constants
    const length = this.memory.uint32(object + offsets.stringLength)
    if (length > maxNameLength) return undefined
    const representation = type & 7
    if (representation === consString) {
      const first = this.string(this.object(object + 16), depth + 1)
      const second = this.string(this.object(object + 24), depth + 1)
      return first === undefined || second === undefined ? undefined : first + second
    }
    if (representation === thinString) return this.string(this.object(object + 16), depth + 1)
    if (representation !== sequentialString) return undefined
    const isOneByte = (type & 8) !== 0
    const bytes = this.memory.bytes(object + offsets.stringChars, isOneByte ? length : 2 * length)
    return bytes.toString(isOneByte ? 'latin1' : 'utf16le')
  }

  /** The length of any string, in UTF-16 units; undefined for anything else. */
  stringLength(object: number): number | undefined {
    const type = this.typeOf(object)
    if (type < 0 || type >= 0x80) return undefined
    return this.memory.uint32(object + this.constants.offsets.stringLength)
  }

  isSuspended(object: number): boolean {
    const at = object + fields.generatorContinuation
    // Running ones have -2, ended ones -1 (JSGeneratorObject in objects/js-generator.h).
    return this.isSmi(at) && this.smi(at) >= 0
  }

  /** The function of a suspended object, and the number of the suspend point that it stands at. */
  suspendedParts(object: number): { readonly fn: number; readonly point: number } {
    const fn = this.object(object + fields.generatorFunction)
    return { fn, point: this.smi(object + fields.generatorContinuation) }
  }

  #mapType(map: number): number {
    if (map % 4 !== 1) return -1
    const { types, offsets } = this.constants
    const type = this.memory.uint16(map - 1 + offsets.mapInstanceType)
    // A map's own map is one whose map is itself.
    const meta = this.memory.word(map - 1)
    if (meta % 4 !== 1 || this.memory.word(meta - 1) !== meta) return -1
    return this.memory.uint16(meta - 1 + offsets.mapInstanceType) === types.map ? type : -1
  }
}

const sequentialString = 0
const consString = 1
const thinString = 5
/** Linux's PATH_MAX. */
const maxNameLength = 4096
