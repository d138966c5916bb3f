/**
 * Which of a snapshot's strings become names. They come last in the text, so the graph already says
 * what refers to each one: of a heap full of text, next to nothing has to be kept.
 */
import { BitSet } from './bit-set.ts'
import type { HeapGraph } from './heap-graph.ts'
import { invalidSnapshot } from './invalid-snapshot.ts'
import type { SnapshotColumns } from './snapshot-columns.ts'

export interface WantedStrings {
  /** Names of classes, functions, scripts and V8's own things, of properties and of variables. */
  readonly names: BitSet
  /** Names of internal edges: V8's own words, and the descriptions of a WeakMap's pairs. */
  readonly internal: BitSet
  /** Strings of the program that are fields of objects such as requests; empty unless asked for. */
  readonly values: BitSet
}

/**
 * Fields with references of the objects whose strings are values: an IncomingMessage has 22, a
 * ClientRequest 48, undici's Request 20. Which objects these are is not known before the strings are.
 */
const valueFields = { from: 10, to: 64 } as const

/** Their name is their content, or none that tells anything. */
const withoutName = new Set([
  'string',
  'concatenated string',
  'sliced string',
  'number',
  'bigint',
  'symbol',
  'regexp',
])

/**
 * An object with more properties is used as a dictionary: its keys are data, not names. The largest
 * records that people write down as a class or a literal stay below.
 */
const maxNamedProperties = 64

/** V8 numbers only strings that something refers to, except for a few and for those of allocation stacks. */
const maxUnreferenced = 2 ** 24

/** A string that is put together in more steps is a text rather than a field. Node's headers take 8. */
export const maxConcatenations = 10

export function wantedStrings(columns: SnapshotColumns, keepsValues = false): WantedStrings {
  const { layout, nodeTypes, nodeNames, firstEdges, edgeTypes, edgeNames } = columns
  const stringLimit = layout.nodeCount + layout.edgeCount + maxUnreferenced
  const hasName = layout.nodeTypeNames.map((name) => !withoutName.has(name))
  const object = layout.nodeTypeNames.indexOf('object')
  const string = layout.nodeTypeNames.indexOf('string')
  const concatenated = layout.nodeTypeNames.indexOf('concatenated string')
  const context = layout.edgeTypeNames.indexOf('context')
  const property = layout.edgeTypeNames.indexOf('property')
  const internal = layout.edgeTypeNames.indexOf('internal')
  const shortcut = layout.edgeTypeNames.indexOf('shortcut')
  const newSet = () => new BitSet(stringLimit)
  const wanted = { names: newSet(), internal: newSet(), values: newSet() }
  const want = (set: BitSet, index: number) => {
    if (index >= stringLimit) throw invalidSnapshot('a name refers to a string that is not there')
    set.add(index)
  }
  const hidden = layout.nodeTypeNames.indexOf('hidden')
  const globals = globalObjects(columns, shortcut, hidden)
  const wantValues = (first: number, end: number) => {
    const fields = countOf(edgeTypes, property, first, end, valueFields.to + 1)
    if (fields < valueFields.from || fields > valueFields.to) return
    for (let edge = first; edge < end; edge++) {
      if (edgeTypes[edge] === property) wantValue(columns.edgeTargets[edge] ?? 0, maxConcatenations)
    }
  }
  const wantValue = (node: number, depth: number) => {
    if (nodeTypes[node] === string) want(wanted.values, nodeNames[node] ?? 0)
    if (nodeTypes[node] !== concatenated || depth === 0) return
    for (let edge = firstEdges[node] ?? 0; edge < (firstEdges[node + 1] ?? 0); edge++) {
      wantValue(columns.edgeTargets[edge] ?? 0, depth - 1)
    }
  }
  for (let node = 0; node < layout.nodeCount; node++) {
    if (hasName[nodeTypes[node] ?? 0]) want(wanted.names, nodeNames[node] ?? 0)
    const first = firstEdges[node] ?? 0
    const end = firstEdges[node + 1] ?? 0
    if (keepsValues && nodeTypes[node] === object) wantValues(first, end)
    const isNamed = globals.has(node) || !isDictionary(edgeTypes, property, first, end)
    for (let edge = first; edge < end; edge++) {
      const type = edgeTypes[edge]
      if (type === internal) want(wanted.internal, edgeNames[edge] ?? 0)
      else if (type === context || (type === property && isNamed)) {
        want(wanted.names, edgeNames[edge] ?? 0)
      }
    }
  }
  return wanted
}

/** Whether a node with these edges has more properties than anybody would write down. */
export function isDictionary(
  edgeTypes: Uint8Array,
  property: number,
  first: number,
  end: number,
): boolean {
  return countOf(edgeTypes, property, first, end, maxNamedProperties + 1) > maxNamedProperties
}

/** How many edges are of that type, as far as `enough`. */
function countOf(
  edgeTypes: Uint8Array,
  type: number,
  first: number,
  end: number,
  enough: number,
): number {
  let count = 0
  for (let edge = first; edge < end && count < enough; edge++) {
    if (edgeTypes[edge] === type) count++
  }
  return count
}

/**
 * The global objects, to which the root has shortcuts: of many properties, and yet not dictionaries.
 * Since Node 26 the shortcuts lead to V8's contexts, which refer to them and to what else is built in.
 */
export function globalObjects(
  {
    firstEdges,
    edgeTypes,
    edgeTargets,
    nodeTypes,
  }: Pick<HeapGraph, 'firstEdges' | 'edgeTypes' | 'edgeTargets' | 'nodeTypes'>,
  shortcut: number,
  hidden: number,
): ReadonlySet<number> {
  const globals = new Set<number>()
  for (let edge = 0; edge < (firstEdges[1] ?? 0); edge++) {
    if (edgeTypes[edge] !== shortcut) continue
    const target = edgeTargets[edge] ?? 0
    globals.add(target)
    if (nodeTypes[target] !== hidden) continue
    const end = firstEdges[target + 1] ?? 0
    for (let own = firstEdges[target] ?? 0; own < end; own++) globals.add(edgeTargets[own] ?? 0)
  }
  return globals
}
