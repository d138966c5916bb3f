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
}

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

export function wantedStrings(columns: SnapshotColumns): WantedStrings {
  const { layout, nodeTypes, nodeNames, firstEdges, edgeTypes, edgeNames } = columns
  const stringLimit = layout.nodeCount + layout.edgeCount + maxUnreferenced
  const hasName = layout.nodeTypeNames.map((name) => !withoutName.has(name))
  const context = layout.edgeTypeNames.indexOf('context')
  const property = layout.edgeTypeNames.indexOf('property')
  const internal = layout.edgeTypeNames.indexOf('internal')
  const shortcut = layout.edgeTypeNames.indexOf('shortcut')
  const wanted = { names: new BitSet(stringLimit), internal: new BitSet(stringLimit) }
  const want = (set: BitSet, index: number) => {
    if (index >= stringLimit) throw invalidSnapshot('a name refers to a string that is not there')
    set.add(index)
  }
  const globals = globalObjects(columns, shortcut)
  for (let node = 0; node < layout.nodeCount; node++) {
    if (hasName[nodeTypes[node] ?? 0]) want(wanted.names, nodeNames[node] ?? 0)
    const first = firstEdges[node] ?? 0
    const end = firstEdges[node + 1] ?? 0
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
  let count = 0
  for (let edge = first; edge < end && count <= maxNamedProperties; edge++) {
    if (edgeTypes[edge] === property) count++
  }
  return count > maxNamedProperties
}

/** The global objects, to which the root has shortcuts: of many properties, and yet not dictionaries. */
export function globalObjects(
  {
    firstEdges,
    edgeTypes,
    edgeTargets,
  }: Pick<HeapGraph, 'firstEdges' | 'edgeTypes' | 'edgeTargets'>,
  shortcut: number,
): ReadonlySet<number> {
  const globals = new Set<number>()
  for (let edge = 0; edge < (firstEdges[1] ?? 0); edge++) {
    if (edgeTypes[edge] === shortcut) globals.add(edgeTargets[edge] ?? 0)
  }
  return globals
}
