/**
 * V8's sampling heap profile, out of its JSON text into columns.
 * https://chromedevtools.github.io/devtools-protocol/tot/HeapProfiler/#type-SamplingHeapProfile
 *
 * Nodes lie inside of each other, so they are a tree whatever the target sends; how deep does not
 * matter, since nothing here recurses. Sizes that are no whole number of bytes are refused with
 * CaptureError `recording-invalid`. Unknown members are skipped.
 */
import { CallFrames } from './call-frames.ts'
import { IntList } from './int-list.ts'
import { JsonScanner, keys } from './json-scanner.ts'
import type { CallTree } from './merge-nodes.ts'

export interface HeapProfile extends CallTree {
  /**
   * What V8 reckons each node allocated by itself, in bytes: scaled already for what it did not sample
   * (ScaleSample in v8/src/profiler/sampling-heap-profiler.cc).
   */
  readonly selfBytes: Float64Array
  /** How many objects V8 sampled at each node. How many they stand for it does not tell. */
  readonly sampledObjects: Int32Array
}

const profileKeys = keys('head', 'samples')
const nodeKeys = keys('id', 'callFrame', 'selfSize', 'children')
const sampleKeys = keys('nodeId')

export function parseHeapProfile(json: Uint8Array): HeapProfile {
  const scanner = new JsonScanner(json, 'heap profile')
  const nodes = new Nodes(scanner, json)
  const sampleNodes: number[] = []
  let hasHead = false
  scanner.openObject()
  while (scanner.nextMember(profileKeys)) {
    const key = scanner.key(profileKeys)
    if (key === 'head') {
      if (hasHead) throw scanner.fail('it has two heads')
      hasHead = true
      nodes.read()
    } else if (key === 'samples') readSamples(scanner, sampleNodes)
    else scanner.skip()
  }
  scanner.end()
  if (!hasHead) throw scanner.fail('it has no head')
  return nodes.profile(sampleNodes)
}

class Nodes {
  readonly #scanner: JsonScanner
  readonly #parents = new IntList()
  readonly #frames: number[] = []
  readonly #selfBytes: number[] = []
  readonly #indexOfId = new Map<number, number>()
  readonly #callFrames: CallFrames

  constructor(scanner: JsonScanner, json: Uint8Array) {
    this.#scanner = scanner
    this.#callFrames = new CallFrames(scanner, json)
  }

  /** Reads the node that comes next and all that it holds. */
  read(): void {
    const scanner = this.#scanner
    const open = [this.#open(-1)]
    for (let node = open.at(-1); node !== undefined; node = open.at(-1)) {
      // Within the children of a node whose object is open: the next one, or on with the node.
      if (scanner.nextMember(nodeKeys)) {
        if (this.#readMember(node)) this.#openChild(node, open)
      } else {
        open.pop()
        const parent = open.at(-1)
        if (parent !== undefined) this.#openChild(parent, open)
      }
    }
  }

  profile(sampleNodes: readonly number[]): HeapProfile {
    const nodeCount = this.#parents.length
    const sampledObjects = new Int32Array(nodeCount)
    for (const id of sampleNodes) {
      // A sample taken while V8 wrote the nodes may have none.
      const node = this.#indexOfId.get(id)
      if (node !== undefined) sampledObjects[node] = (sampledObjects[node] ?? 0) + 1
    }
    return {
      nodeCount,
      parents: this.#parents.items(),
      topDown: Int32Array.from({ length: nodeCount }, (_, index) => index),
      frames: Int32Array.from(this.#frames),
      callFrames: this.#callFrames.all,
      selfBytes: Float64Array.from(this.#selfBytes),
      sampledObjects,
    }
  }

  #open(parent: number): number {
    this.#scanner.openObject()
    const node = this.#parents.length
    this.#parents.push(parent)
    this.#frames.push(-1)
    this.#selfBytes.push(0)
    return node
  }

  #openChild(parent: number, open: number[]): void {
    if (this.#scanner.nextElement()) open.push(this.#open(parent))
  }

  /** True where the member's value is an array of children, which is open then. */
  #readMember(node: number): boolean {
    const scanner = this.#scanner
    const key = scanner.key(nodeKeys)
    if (key === 'callFrame') this.#frames[node] = this.#callFrames.read()
    else if (key === 'selfSize') this.#selfBytes[node] = sizeOf(scanner)
    else if (key === 'id') this.#indexOfId.set(scanner.number(), node)
    else if (key === 'children') scanner.openArray()
    else scanner.skip()
    return key === 'children'
  }
}

function readSamples(scanner: JsonScanner, nodes: number[]): void {
  scanner.openArray()
  while (scanner.nextElement()) {
    scanner.openObject()
    while (scanner.nextMember(sampleKeys)) {
      if (scanner.key(sampleKeys) === 'nodeId') nodes.push(scanner.number())
      else scanner.skip()
    }
  }
}

function sizeOf(scanner: JsonScanner): number {
  const size = scanner.number()
  if (Number.isSafeInteger(size) && size >= 0) return size
  throw scanner.fail('a selfSize is no number of bytes')
}
