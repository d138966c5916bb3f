/** The locations of a profile under way: one for each function, one more for each line that was hit. */
import type { FunctionRef, LocationRef, ProfileBuilder } from '../pprof/profile-builder.ts'
import type { Frame } from './frame.ts'
import { AddressSpace, frameAddress, lineAddress } from './frame-address.ts'
import { PairTable } from './pair-table.ts'

export class PprofLocations {
  readonly symbols: (readonly [address: number, name: string])[] = []
  readonly #builder: ProfileBuilder
  readonly #frames: readonly Frame[]
  readonly #addresses = new AddressSpace()
  readonly #functions: FunctionRef[] = []
  readonly #ofFunction: LocationRef[] = []
  readonly #ofName = new Map<string, LocationRef>()
  /** Pairs of a function and a line of it, and the location of each. */
  readonly #lines = new PairTable(256)
  readonly #ofLine: LocationRef[] = []

  constructor(builder: ProfileBuilder, frames: readonly Frame[]) {
    this.#builder = builder
    this.#frames = frames
  }

  /** Where the function at that index of the frames starts. */
  ofFunction(index: number): LocationRef {
    const known = this.#ofFunction[index]
    if (known) return known
    const frame = this.#frame(index)
    const location = this.#add(index, frame.address, frame.line, frame.column)
    this.#ofFunction[index] = location
    return location
  }

  /** `line` is 1-based; 0 where V8 does not know it. */
  ofLine(index: number, line: number): LocationRef {
    const frame = this.#frame(index)
    if (line === 0 || line === frame.line) return this.ofFunction(index)
    const pair = this.#lines.indexOf(index, line)
    const known = this.#ofLine[pair]
    if (known) return known
    const location = this.#add(index, lineAddress(frame.address, line), line, 0)
    this.#ofLine[pair] = location
    return location
  }

  /** A place that is no function, such as all threads of a kind. */
  ofName(name: string, file = ''): LocationRef {
    const key = `${name}\0${file}`
    const known = this.#ofName.get(key)
    if (known) return known
    const address = this.#addresses.claim(frameAddress(file, -1, -1, name))
    const fn = this.#builder.addFunction(name, file, 0)
    this.symbols.push([address, name])
    const location = this.#builder.addLocation(address, fn, 0, 0)
    this.#ofName.set(key, location)
    return location
  }

  #add(index: number, wantedAddress: number, line: number, column: number): LocationRef {
    const frame = this.#frame(index)
    const address = this.#addresses.claim(wantedAddress)
    const fn =
      this.#functions[index] ?? this.#builder.addFunction(frame.name, frame.file, frame.line)
    this.#functions[index] = fn
    this.symbols.push([address, frame.name])
    return this.#builder.addLocation(address, fn, line, column)
  }

  #frame(index: number): Frame {
    const frame = this.#frames[index]
    if (!frame) throw new RangeError(`there is no frame ${index}`)
    return frame
  }
}
