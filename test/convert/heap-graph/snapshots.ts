// Heap snapshots for the tests: written by hand as a list of nodes, or by a real Node.
import { join } from 'node:path'
import type { Test } from 'tap'
import type { HeapGraph } from '../../../src/convert/heap-graph/heap-graph.ts'
import { SnapshotParser } from '../../../src/convert/heap-graph/snapshot-parser.ts'
import { runCommand } from '../../fixtures/support/run-command.ts'

export const nodeTypes = [
  'hidden',
  'array',
  'string',
  'object',
  'code',
  'closure',
  'regexp',
  'number',
  'native',
  'synthetic',
  'concatenated string',
  'sliced string',
  'symbol',
  'bigint',
  'object shape',
] as const
export const edgeTypes = [
  'context',
  'element',
  'property',
  'internal',
  'hidden',
  'shortcut',
  'weak',
] as const

type EdgeType = (typeof edgeTypes)[number]
export type Edge = readonly [type: EdgeType, name: string | number, target: number]

export interface Node {
  readonly type?: (typeof nodeTypes)[number]
  readonly name?: string
  readonly size?: number
  /** Default: twice the ordinal plus 1, as V8 numbers. */
  readonly id?: number
  readonly edges?: readonly Edge[]
}

export interface SnapshotOptions {
  /** Node, script, line and column, 0-based. */
  readonly locations?: readonly (readonly [number, number, number, number])[]
  /** Whether nodes have the field trace_node_id, as up to V8 12. */
  readonly withTraces?: boolean
}

/** A snapshot as V8 would write it; node 0 is the root. */
export function makeSnapshot(nodes: readonly Node[], options: SnapshotOptions = {}) {
  const { locations = [], withTraces = true } = options
  const strings = ['<dummy>']
  const stringIndexes = new Map<string, number>()
  const stringOf = (text: string) => {
    const index = stringIndexes.get(text) ?? strings.push(text) - 1
    stringIndexes.set(text, index)
    return index
  }
  const fields = ['type', 'name', 'id', 'self_size', 'edge_count']
  const node_fields = [...fields, ...(withTraces ? ['trace_node_id'] : []), 'detachedness']
  const rest = node_fields.slice(fields.length).map(() => 0)
  const flatNodes = nodes.flatMap(
    ({ type = 'object', name = '', size = 0, id, edges = [] }, at) => {
      return [
        nodeTypes.indexOf(type),
        stringOf(name),
        id ?? 2 * at + 1,
        size,
        edges.length,
        ...rest,
      ]
    },
  )
  const flatEdges = nodes.flatMap(({ edges = [] }) =>
    edges.flatMap(([type, name, target]) => [
      edgeTypes.indexOf(type),
      typeof name === 'number' ? name : stringOf(name),
      target * node_fields.length,
    ]),
  )
  const meta = {
    node_fields,
    node_types: [nodeTypes, 'string', ...rest.map(() => 'number')],
    edge_fields: ['type', 'name_or_index', 'to_node'],
    edge_types: [edgeTypes, 'string_or_number', 'node'],
    location_fields: ['object_index', 'script_id', 'line', 'column'],
  }
  const edge_count = flatEdges.length / 3
  return {
    snapshot: { meta, node_count: nodes.length, edge_count, trace_function_count: 0 },
    nodes: flatNodes,
    edges: flatEdges,
    trace_function_infos: [],
    trace_tree: [],
    samples: [],
    locations: locations.flatMap(([node, ...where]) => [node * node_fields.length, ...where]),
    strings,
  }
}

export function graphOf(nodes: readonly Node[], options: SnapshotOptions = {}): HeapGraph {
  return parse(Buffer.from(JSON.stringify(makeSnapshot(nodes, options))))
}

export function parse(json: Uint8Array, chunkBytes = 65_536, maxBytes = 1e9): HeapGraph {
  const count = Math.ceil(json.length / chunkBytes)
  const chunkAt = (index: number) => json.subarray(index * chunkBytes, (index + 1) * chunkBytes)
  return parseChunks(
    Array.from({ length: count }, (_, index) => chunkAt(index)),
    maxBytes,
  )
}

export function parseChunks(chunks: Iterable<Uint8Array>, maxBytes = 1e9): HeapGraph {
  const parser = new SnapshotParser(maxBytes)
  for (const chunk of chunks) parser.write(chunk)
  return parser.end()
}

/** Has a real Node run `program`, which may use `globalThis`, and write its heap; resolves to the file. */
export async function writeSnapshot(t: Test, node: string, program: string): Promise<string> {
  const file = join(t.testdir(), 'heap.heapsnapshot')
  const script = `${program}\n;require('node:v8').writeHeapSnapshot(${JSON.stringify(file)})`
  const { code, stderr } = await runCommand(node, ['-e', script])
  if (code !== 0) throw new Error(`no snapshot was written: ${stderr}`)
  return file
}
