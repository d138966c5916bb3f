/**
 * Dominator paths as pprof's profile `retained`. A sample is what one path holds itself, so what a
 * frame has in total (`cum`, its width in a flame graph) is its retained size: what would be free if
 * the frame's objects were gone. pprof counts a recursive frame once, as it does in CPU profiles.
 */
import { limits } from '../../pprof/profile.ts'
import { type LocationRef, ProfileBuilder } from '../../pprof/profile-builder.ts'
import { cleanText, cutStart } from '../clean-text.ts'
import type { Frame } from '../frame.ts'
import { frameAddress } from '../frame-address.ts'
import { PprofLocations } from '../pprof-locations.ts'
import type { RetainedHeader } from '../retained-messages.ts'
import type { RetainedPaths } from './retained-paths.ts'

export type ProfileOrigin = Pick<RetainedHeader, 'executable' | 'takenAtMs' | 'comments'>

export interface PprofRetained {
  /** Not gzipped yet. */
  readonly bytes: Uint8Array
  /** Every address of the profile with its name, for pprof's symbol request. */
  readonly symbols: readonly (readonly [address: number, name: string])[]
}

/** With a row for what is left out below each, they stay under the 16,000 samples of Pyroscope. */
const maxPaths = limits.samples / 2 - 1

const smallerName = '(smaller)'

export function retainedPprof(paths: RetainedPaths, header: ProfileOrigin): PprofRetained {
  for (let count = maxPaths; ; count = Math.floor(count / 2)) {
    const profile = encode(paths, header, count)
    if (profile.bytes.length <= limits.profileBytes || count <= 1) return profile
  }
}

function encode(paths: RetainedPaths, header: ProfileOrigin, maxKept: number): PprofRetained {
  const { parents, pathFrames, objects, bytes } = paths
  const kept = largest(paths, maxKept)
  const space = { type: 'space', unit: 'bytes' }
  const builder = new ProfileBuilder({
    sampleTypes: [{ type: 'objects', unit: 'count' }, space],
    defaultSampleType: 'space',
    periodType: space,
    period: 1,
    timeNanos: BigInt(Math.round(header.takenAtMs)) * 1_000_000n,
    durationNanos: 0,
    executable: cutStart(cleanText(header.executable), limits.fileNameBytes),
    comments: [...header.comments, ...remarks(paths, kept.count)],
  })
  const smaller = paths.frames.length
  const locations = new PprofLocations(builder, [...paths.frames, smallerFrame])
  const labels = builder.labels({})
  const add = (stack: readonly LocationRef[], values: readonly number[]) => {
    const [leaf, ...callers] = stack
    if (leaf) builder.addSample(leaf, builder.callers(callers), values, labels)
  }
  const leftObjects = leftOut(objects, parents, kept)
  const leftBytes = leftOut(bytes, parents, kept)
  for (let path = 0; path < parents.length; path++) {
    if (!kept.has(path)) continue
    const stack = stackOf(path)
    if (isSome(objects[path], bytes[path])) add(stack, [objects[path] ?? 0, bytes[path] ?? 0])
    const rest = [leftObjects[path] ?? 0, leftBytes[path] ?? 0]
    if (isSome(...rest)) add([locations.ofFunction(smaller), ...stack], rest)
  }
  return { bytes: builder.encode(), symbols: locations.symbols }

  /** The leaf first. */
  function stackOf(path: number): LocationRef[] {
    const stack: LocationRef[] = []
    for (let at = path; at > 0; at = parents[at] ?? 0) {
      stack.push(locations.ofFunction(pathFrames[at] ?? 0))
    }
    return stack
  }
}

function isSome(...values: readonly (number | undefined)[]): boolean {
  return values.some((value) => value !== undefined && value > 0)
}

const smallerFrame: Frame = {
  name: smallerName,
  file: '',
  line: 0,
  column: 0,
  address: frameAddress('', -1, -1, smallerName),
  origin: 'native',
  isIdle: false,
}

interface KeptPaths {
  readonly count: number
  has(path: number): boolean
}

/** The paths that retain most; what they extend retains no less and comes earlier, so is among them. */
function largest({ retainedBytes }: RetainedPaths, maxKept: number): KeptPaths {
  const order = Uint32Array.from(retainedBytes.keys())
  order.sort((a, b) => (retainedBytes[b] ?? 0) - (retainedBytes[a] ?? 0) || a - b)
  const kept = new Set(order.subarray(0, maxKept))
  kept.add(0)
  return { count: kept.size, has: (path) => kept.has(path) }
}

/** For each kept path the sum of the others below it. The empty path has no frame, so it is left out, too. */
function leftOut(values: Float64Array, parents: Int32Array, kept: KeptPaths): Float64Array {
  const left = new Float64Array(values.length)
  for (let path = values.length - 1; path > 0; path--) {
    if (kept.has(path)) continue
    const parent = parents[path] ?? 0
    left[parent] = (left[parent] ?? 0) + (left[path] ?? 0) + (values[path] ?? 0)
  }
  left[0] = (left[0] ?? 0) + (values[0] ?? 0)
  return left
}

function remarks(paths: RetainedPaths, keptCount: number): readonly string[] {
  const all = paths.parents.length
  const lines = ['cum is the retained size: what would be free if the objects of a frame were gone']
  if (keptCount < all) {
    lines.push(`${all - keptCount} of ${all} paths, the smallest, are summed up as ${smallerName}`)
  }
  if (paths.isCut) lines.push('paths deeper than a limit count for what holds them')
  return lines
}
