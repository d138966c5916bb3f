/** Equal stacks of several passes as one group, and its frames with lines. */
import type { Census, CensusFrame, CensusGroup } from './census.ts'
import type { RawFunction } from './function-names.ts'
import type { RawStacks } from './raw-census.ts'
import type { FindPosition } from './resolve-frames.ts'
import type { StackNode } from './stacks.ts'
import { suspendedKinds } from './suspended.ts'

/** As many frames as panicparse and Go's runtime keep. */
const maxFrames = 100

interface RawFrame {
  readonly function: RawFunction | undefined
  readonly node: StackNode
}

interface RawGroup {
  readonly isolate: number
  readonly kind: number
  readonly frames: readonly RawFrame[]
  readonly elided: boolean
  /** One for each pass. */
  readonly counts: number[]
  glanced: number
}

/** Equal stacks of all passes. `heaps`: addresses of the heaps, in the order of the census's isolates. */
export class RawGroups {
  readonly #groups = new Map<string, RawGroup>()
  readonly #heaps: readonly number[]
  readonly #passCount: number

  constructor(passes: readonly RawStacks[], heaps: readonly number[]) {
    this.#heaps = heaps
    this.#passCount = passes.length
    for (const [index, pass] of passes.entries()) {
      this.#add(pass, (group, count) => {
        group.counts[index] = (group.counts[index] ?? 0) + count
      })
    }
  }

  addGlance(stacks: RawStacks): void {
    this.#add(stacks, (group, count) => {
      group.glanced += count
    })
  }

  async resolve(findPosition: FindPosition): Promise<Census['groups']> {
    const resolved: CensusGroup[] = []
    for (const group of this.#groups.values()) resolved.push(await resolve(group, findPosition))
    return resolved.sort((a, b) => b.count - a.count)
  }

  #add(pass: RawStacks, count: (group: RawGroup, count: number) => void): void {
    for (const leaf of pass.stacks.leaves) {
      const isolate = this.#heaps.indexOf(pass.heaps[leaf.isolate] ?? 0)
      const { frames, elided } = framesOf(pass, leaf.node)
      const key = JSON.stringify([isolate, leaf.kind, elided, frames.map(frameKey)])
      const counts = this.#groups.get(key)?.counts ?? new Array<number>(this.#passCount).fill(0)
      const glanced = this.#groups.get(key)?.glanced ?? 0
      // The later one knows what indexes there are now.
      const group = { isolate, kind: leaf.kind, frames, elided, counts, glanced }
      count(group, leaf.count)
      this.#groups.set(key, group)
    }
  }
}

function framesOf(pass: RawStacks, leaf: number): { frames: RawFrame[]; elided: boolean } {
  const frames: RawFrame[] = []
  let id = leaf
  while (id !== 0 && frames.length < maxFrames) {
    const node = pass.stacks.nodes[id]
    if (node === undefined) break
    frames.push({ function: pass.functions[node.function], node })
    id = node.parent
  }
  return { frames, elided: id !== 0 }
}

function frameKey({ function: fn, node }: RawFrame): readonly unknown[] {
  return fn === undefined ? [node.combinator] : [fn.name, fn.url, fn.start, node.point]
}

async function resolve(group: RawGroup, findPosition: FindPosition): Promise<CensusGroup> {
  const stack: CensusFrame[] = []
  for (const frame of group.frames) stack.push(await resolveFrame(frame, findPosition))
  const kind = suspendedKinds[group.kind] ?? 'async-function'
  const isAwaited = group.frames.length > 1
  const minCount = Math.min(...group.counts)
  return {
    isolate: group.isolate,
    kind,
    state: isAwaited || kind === 'async-function' ? 'awaiting' : stateOf(stack[0]),
    count: minCount === 0 && group.glanced > 0 ? group.glanced : Math.max(...group.counts),
    minCount,
    glanced: group.glanced,
    stack,
    elided: group.elided,
  }
}

/** A generator that nobody waits for stands at a `yield`; one that awaits by itself was left alone. */
function stateOf(frame: CensusFrame | undefined): CensusGroup['state'] {
  if (frame?.at === 'start') return 'not started'
  return frame?.at === 'await' ? 'awaiting' : 'yielded'
}

async function resolveFrame(
  { function: fn, node }: RawFrame,
  findPosition: FindPosition,
): Promise<CensusFrame> {
  if (fn === undefined) {
    const at = { url: '', line: 0, column: 0, at: 'unknown' } as const
    return { function: combinatorName(node), ...at, isAsync: false }
  }
  const { className, ...position } = await findPosition(fn, node.point)
  const name = fn.name === '' ? '(anonymous)' : fn.name
  const qualified = className !== '' && !name.includes('.') ? `${className}.${name}` : name
  return { function: qualified, url: fn.url, ...position, isAsync: true }
}

function combinatorName({ combinator, lowestIndex, highestIndex }: StackNode): string {
  if (lowestIndex < 0) return combinator
  if (lowestIndex === highestIndex) return `${combinator} (index ${lowestIndex})`
  return `${combinator} (index ${lowestIndex} to ${highestIndex})`
}
