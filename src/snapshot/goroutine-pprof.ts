/**
 * `debug=0`: goroutine/count, one sample for each stack, kind, state and thread. Unlike in CPU
 * profiles a location is the place where a function waits; where the function starts is not known.
 */
import { cleanText, cutStart } from '../convert/clean-text.ts'
import type { Frame } from '../convert/frame.ts'
import { AddressSpace } from '../convert/frame-address.ts'
import { limits } from '../pprof/profile.ts'
import { type FunctionRef, type LocationRef, ProfileBuilder } from '../pprof/profile-builder.ts'
import { countedStacks, differenceOfStacks } from './counted-stacks.ts'
import { describeRecording } from './describe-recording.ts'
import type { GoroutineRecording } from './entry.ts'

export interface GoroutinePprof {
  /** Not gzipped yet. */
  readonly bytes: Uint8Array
  /** Every address with its function's name, for pprof's symbol request. */
  readonly symbols: readonly (readonly [address: number, name: string])[]
}

/** With `before`, what changed since then: values may be negative, as in Go's `?seconds=N`. */
export function goroutinePprof(
  recording: GoroutineRecording,
  before?: GoroutineRecording,
): GoroutinePprof {
  const type = { type: 'goroutine', unit: 'count' }
  const durationMs = before ? recording.takenAtMs - before.takenAtMs : 0
  const builder = new ProfileBuilder({
    sampleTypes: [type],
    defaultSampleType: type.type,
    periodType: type,
    period: 1,
    // Whole microseconds are exact as numbers, nanoseconds since the epoch are not.
    timeNanos: BigInt(Math.round(recording.takenAtMs * 1000)) * 1000n,
    durationNanos: Math.max(0, Math.round(durationMs * 1e6)),
    executable: cutStart(cleanText(recording.target.executable), limits.fileNameBytes),
    comments: describeRecording(recording),
  })
  const places = new Places(builder)
  const stacks = before ? differenceOfStacks(before, recording) : countedStacks(recording)
  for (const { stack, labels, count } of stacks) {
    const [leaf, ...callers] = stack.map((frame) => places.of(frame))
    if (!leaf) continue
    builder.addSample(leaf, builder.callers(callers), [count], builder.labels(labels))
  }
  return { bytes: builder.encode(), symbols: places.symbols }
}

class Places {
  readonly symbols: (readonly [address: number, name: string])[] = []
  readonly #builder: ProfileBuilder
  readonly #addresses = new AddressSpace()
  readonly #functions = new Map<string, FunctionRef>()
  readonly #locations = new Map<Frame, LocationRef>()

  constructor(builder: ProfileBuilder) {
    this.#builder = builder
  }

  of(frame: Frame): LocationRef {
    const known = this.#locations.get(frame)
    if (known) return known
    const { name, file, line, column } = frame
    const address = this.#addresses.claim(frame.address)
    const location = this.#builder.addLocation(address, this.#function(name, file), line, column)
    this.symbols.push([address, name])
    this.#locations.set(frame, location)
    return location
  }

  #function(name: string, file: string): FunctionRef {
    const key = `${name}\0${file}`
    const fn = this.#functions.get(key) ?? this.#builder.addFunction(name, file, 0)
    this.#functions.set(key, fn)
    return fn
  }
}
