/** The frame that stands for each object on a dominator path: its class and what its holder calls it. */
import type { Frame } from '../frame.ts'
import { frameAddress } from '../frame-address.ts'
import type { BitSet } from './bit-set.ts'
import type { HeapGraph } from './heap-graph.ts'
import { isIdentifier } from './identifier.ts'
import { ObjectClasses } from './object-classes.ts'
import { globalObjects, isDictionary } from './wanted-strings.ts'

export interface ObjectFrames {
  readonly all: readonly Frame[]
  /** For each node, its index in `all`. */
  readonly ofNode: Uint32Array
}

/** Different pairs of a class and a label; beyond them, classes go without. */
const maxFrames = 500_000

export function nameObjects(
  graph: HeapGraph,
  retaining: BitSet,
  immediate: Uint32Array,
  workingDirectory: string,
): ObjectFrames {
  const { nodeCount, locations } = graph
  const classes = new ObjectClasses(graph, workingDirectory)
  // In turn the position of a node, plus 1 so that 0 is none, its class, and its frame.
  const ofNode = new Uint32Array(nodeCount)
  for (let row = 0; row < locations.nodes.length; row++) {
    ofNode[locations.nodes[row] ?? 0] = (locations.positionIndexes[row] ?? 0) + 1
  }
  for (let node = 0; node < nodeCount; node++) {
    ofNode[node] = classes.indexOf(node, (ofNode[node] ?? 0) - 1)
  }
  const labels = labelsOf(graph, retaining, immediate)
  const frames = new FrameTable(classes, graph)
  for (let node = 0; node < nodeCount; node++) {
    ofNode[node] = frames.indexOf(ofNode[node] ?? 0, labels[node] ?? 0)
  }
  return { all: frames.all, ofNode }
}

/**
 * For each node the string of the property or variable in which its dominator holds it; 0, which is
 * V8's "<dummy>", for none. Keys of what looks like a dictionary are none.
 */
function labelsOf(graph: HeapGraph, retaining: BitSet, immediate: Uint32Array): Uint32Array {
  const { nodeCount, firstEdges, edgeTypes, edgeNames, edgeTargets, edgeTypeNames } = graph
  const property = edgeTypeNames.indexOf('property')
  const context = edgeTypeNames.indexOf('context')
  const hidden = graph.nodeTypeNames.indexOf('hidden')
  const globals = globalObjects(graph, edgeTypeNames.indexOf('shortcut'), hidden)
  const labels = new Uint32Array(nodeCount)
  for (let node = 0; node < nodeCount; node++) {
    const first = firstEdges[node] ?? 0
    const end = firstEdges[node + 1] ?? 0
    if (isDictionary(edgeTypes, property, first, end) && !globals.has(node)) continue
    for (let edge = first; edge < end; edge++) {
      const type = edgeTypes[edge]
      if ((type !== property && type !== context) || !retaining.has(edge)) continue
      const target = edgeTargets[edge] ?? 0
      if (immediate[target] === node && labels[target] === 0) labels[target] = edgeNames[edge] ?? 0
    }
  }
  return labels
}

class FrameTable {
  readonly all: Frame[] = []
  readonly #classes: ObjectClasses
  readonly #graph: HeapGraph
  readonly #byPair = new Map<number, number>()
  readonly #byText = new Map<string, number>()

  constructor(classes: ObjectClasses, graph: HeapGraph) {
    this.#classes = classes
    this.#graph = graph
  }

  indexOf(classIndex: number, label: number): number {
    const isFull = this.all.length >= maxFrames
    // There are fewer than 2^20 classes, and a label has 32 bits.
    const pair = classIndex * 2 ** 32 + (isFull ? 0 : label)
    const known = this.#byPair.get(pair)
    if (known !== undefined) return known
    const index = this.#add(classIndex, label)
    this.#byPair.set(pair, index)
    return index
  }

  #add(classIndex: number, label: number): number {
    const one = this.#classes.all[classIndex]
    if (!one) throw new RangeError(`there is no class ${classIndex}`)
    const { file, line, column } = one
    const key = one.takesLabel && label > 0 ? this.#graph.strings.textOf(label) : ''
    const name = isIdentifier(key) ? `${key}: ${one.name}` : one.name
    const text = `${name}\0${file}\0${line}\0${column}`
    const known = this.#byText.get(text)
    if (known !== undefined) return known
    const address = frameAddress(file, line - 1, column - 1, name)
    const index = this.all.length
    this.all.push({ name, file, line, column, address, origin: 'unknown', isIdle: false })
    this.#byText.set(text, index)
    return index
  }
}
