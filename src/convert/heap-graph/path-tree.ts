/**
 * Dominator paths merged by name: one path for all objects that are called alike and are held by
 * what is called alike. Two rules keep it small. A path that repeats its end, as in a linked list or a
 * tree, is folded: A / B / A / B is A / B. And a path is cut at a depth.
 */
import { IntList } from '../int-list.ts'

export interface PathTreeLimits {
  readonly depth: number
  readonly paths: number
}

/** People read 20 levels; 1,000,000 paths take some 100 MB, and services have some 10,000. */
const defaultLimits: PathTreeLimits = { depth: 100, paths: 1_000_000 }

/** The longest repetition that is folded: a chain of promises repeats after five or six. */
const maxPeriod = 8

export class PathTree {
  /** Path 0 is the empty one. A path comes after the one that it extends. */
  readonly parents = new IntList()
  /** The last frame of each path; -1 for the empty one. */
  readonly frames = new IntList()
  readonly #depths = new IntList()
  readonly #children = new Map<number, number>()
  readonly #limits: PathTreeLimits
  #isCut = false

  constructor(limits: PathTreeLimits = defaultLimits) {
    this.#limits = limits
    this.#push(0, -1, 0)
  }

  get size(): number {
    return this.parents.length
  }

  /** Whether there were more paths than the limit, or deeper ones: they count for what they extend. */
  get isCut(): boolean {
    return this.#isCut
  }

  /** The path that extends `parent` by a frame. */
  child(parent: number, frame: number): number {
    // Paths have 20 bits and frames 19, so this is exact.
    const key = parent * 2 ** 32 + frame
    const known = this.#children.get(key)
    if (known !== undefined) return known
    const repeated = this.#fold(parent, frame)
    if (repeated === undefined && this.#isFull(parent)) {
      this.#isCut = true
      return parent
    }
    const path = repeated ?? this.#push(parent, frame, this.#depth(parent) + 1)
    // A fold is found again faster than a hostile number of them is kept.
    if (this.#children.size < 2 * this.#limits.paths) this.#children.set(key, path)
    return path
  }

  #isFull(parent: number): boolean {
    return this.size >= this.#limits.paths || this.#depth(parent) >= this.#limits.depth
  }

  #push(parent: number, frame: number, depth: number): number {
    this.parents.push(parent)
    this.frames.push(frame)
    this.#depths.push(depth)
    return this.size - 1
  }

  #depth(path: number): number {
    return this.#depths.at(path)
  }

  /** The path within `parent` that has the same end as `parent` extended by `frame`. */
  #fold(parent: number, frame: number): number | undefined {
    let earlier = parent
    for (let period = 1; period <= maxPeriod && earlier > 0; period++) {
      if (this.frames.at(earlier) === frame && this.#endsAlike(parent, earlier, period - 1)) {
        return earlier
      }
      earlier = this.parents.at(earlier)
    }
    return undefined
  }

  /** Whether the last `count` frames of `path` are those before the last of `earlier`. */
  #endsAlike(path: number, earlier: number, count: number): boolean {
    let a = path
    let b = this.parents.at(earlier)
    for (let i = 0; i < count; i++) {
      if (b === 0 || this.frames.at(a) !== this.frames.at(b)) return false
      a = this.parents.at(a)
      b = this.parents.at(b)
    }
    return true
  }
}
