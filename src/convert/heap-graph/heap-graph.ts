/**
 * A heap snapshot as flat arrays: what remains of V8's JSON once it has been read. Nodes are known by
 * their position ("ordinal"); node 0 is the root. The edges of node n are firstEdges[n] to
 * firstEdges[n + 1]. https://chromium.googlesource.com/v8/v8/+/main/src/profiler/heap-snapshot-generator.cc
 */

export interface HeapGraph {
  readonly nodeCount: number
  readonly edgeCount: number
  /** Index in `nodeTypeNames`. */
  readonly nodeTypes: Uint8Array
  /** Index in the snapshot's strings. */
  readonly nodeNames: Uint32Array
  readonly nodeIds: Uint32Array
  /** Bytes. Doubles: one ArrayBuffer may hold more than 4 GiB. */
  readonly selfSizes: Float64Array
  /** One more than there are nodes. */
  readonly firstEdges: Uint32Array
  /** Index in `edgeTypeNames`. */
  readonly edgeTypes: Uint8Array
  /** Index in the snapshot's strings or, for elements and hidden edges, a number. */
  readonly edgeNames: Uint32Array
  readonly edgeTargets: Uint32Array
  readonly nodeTypeNames: readonly string[]
  readonly edgeTypeNames: readonly string[]
  readonly strings: KeptStrings
  readonly locations: Locations
}

/** The strings that names are made of; the contents of the program's own strings are not among them. */
export interface KeptStrings {
  /** Cut at 1,024 bytes; empty for what is not kept. */
  textOf(index: number): string
  /** -1 where no internal edge has that name. */
  indexOf(name: WellKnownEdge): number
  /** The index of a kept name; -1 where it is none. Looks through all of them. */
  find(name: string): number
  /** What a string of the program holds; undefined unless it was kept as a value, see SnapshotParser. */
  valueOf(index: number): string | undefined
  /** The name of an edge between a WeakMap's key, its table and the value: the table's node id. */
  weakMapTableOf(index: number): number | undefined
}

/**
 * Internal edges that lead to an object's shape, from a function to its script, its variables and V8's
 * own code, and to the parts of suspended functions and promises.
 */
export const wellKnownEdges = [
  'map',
  'shared',
  'script',
  'script_or_debug_info',
  'code',
  'context',
  'previous',
  'extension',
  'function',
  'receiver',
  'parameters_and_registers',
  'reactions_or_result',
] as const
export type WellKnownEdge = (typeof wellKnownEdges)[number]

/** Where functions and the constructors of objects are in the source. */
export interface Locations {
  readonly nodes: Int32Array
  /** For each of `nodes`, its index in `positions`. */
  readonly positionIndexes: Int32Array
  readonly positions: readonly Position[]
}

/** 0-based, as V8 counts. */
export interface Position {
  readonly scriptId: number
  readonly line: number
  readonly column: number
}

/**
 * Bytes of memory that the analysis takes at its peak, which is while dominators are computed: for each
 * node 21 of the graph, 36 of the algorithm and some bits; for each edge 9 of the graph, 4 of a
 * predecessor and some bits. The last term is for the names that are kept and for the thread itself.
 */
export function analysisBytes(nodeCount: number, edgeCount: number): number {
  return 58 * nodeCount + 13.5 * edgeCount + 64 * 1024 * 1024
}
