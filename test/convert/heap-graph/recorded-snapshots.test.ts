// Snapshots that real Nodes write: what is read is what is there, and it is retained by what retains it.
import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import type { BitSet } from '../../../src/convert/heap-graph/bit-set.ts'
import { findDominators } from '../../../src/convert/heap-graph/dominators.ts'
import type { HeapGraph } from '../../../src/convert/heap-graph/heap-graph.ts'
import { mergeParts } from '../../../src/convert/heap-graph/object-parts.ts'
import { retainedPaths } from '../../../src/convert/heap-graph/retained-paths.ts'
import { retainedPprof } from '../../../src/convert/heap-graph/retained-pprof.ts'
import { retainedSizes } from '../../../src/convert/heap-graph/retained-sizes.ts'
import { retainingEdges } from '../../../src/convert/heap-graph/retaining-edges.ts'
import { checkValid } from '../../../src/pprof/check-valid.ts'
import { decodeProfile } from '../../../src/pprof/decode-profile.ts'
import { nodeBinary, nodeMajors } from '../../fixtures/support/node-binaries.ts'
import { parse, writeSnapshot } from './snapshots.ts'

t.setTimeout(300_000)

// In a function: V8 would hold the variables of a script, too.
const program = `
!function () {
class Session { constructor(id) { this.text = 'secret-content-' + id; this.data = new Uint8Array(1000).fill(id) } }
class Store { sessions = new Map(); weak = new WeakMap() }
const store = new Store()
for (let id = 0; id < 2000; id++) store.sessions.set('secret-key-' + id, new Session(id))
const key = { key: true }
store.weak.set(key, Array.from({ length: 10000 }, (_, i) => i + 0.5))
store['secret-property-' + 1] = [1.5]
const dictionary = {}
for (let id = 0; id < 200; id++) dictionary['secretproperty' + id] = { id: 'x' + id }
let list
for (let length = 0; length < 20000; length++) list = { next: list, of: Symbol('secret-symbol') }
globalThis.kept = { store, key, list, dictionary, pattern: /secret-pattern/ }
}()
`

for (const major of nodeMajors) {
  const { path: node, reason } = await nodeBinary(major)
  t.test(`a snapshot of Node ${major}`, { skip: reason ?? false }, async (t) => {
    const json = readFileSync(await writeSnapshot(t, node ?? '', program))
    const graph = parse(json, 4093)
    await t.test('is read as JSON.parse reads it', (t) => sameAsParsed(t, graph, json))
    await t.test('is retained by what a search finds', (t) => sameAsSearch(t, parse(json)))
    await t.test('gives a profile of who holds what', (t) => checkProfile(t, graph))
  })
}

function sameAsParsed(t: Test, graph: HeapGraph, json: Buffer): void {
  const { snapshot, nodes, edges, strings } = JSON.parse(json.toString())
  const { node_fields, node_types } = snapshot.meta
  const width = node_fields.length
  t.equal(graph.nodeCount, snapshot.node_count)
  t.equal(graph.edgeCount, snapshot.edge_count)
  t.strictSame(graph.nodeTypeNames, node_types[0])
  const column = (values: readonly number[], rowWidth: number, field: number) =>
    values.filter((_, index) => index % rowWidth === field)
  t.ok(same(graph.nodeTypes, column(nodes, width, 0)), 'types')
  t.ok(same(graph.nodeNames, column(nodes, width, 1)), 'names')
  t.ok(same(graph.nodeIds, column(nodes, width, 2)), 'ids')
  t.ok(same(graph.selfSizes, column(nodes, width, 3)), 'sizes')
  t.ok(same(graph.edgeTypes, column(edges, 3, 0)), 'types of edges')
  t.ok(same(graph.edgeNames, column(edges, 3, 1)), 'names of edges')
  t.ok(
    same(
      graph.edgeTargets,
      column(edges, 3, 2).map((to) => to / width),
    ),
    'targets',
  )
  const object = node_types[0].indexOf('object')
  const isRight = [...graph.nodeNames].every((name, index) => {
    return graph.nodeTypes[index] !== object || graph.strings.textOf(name) === strings[name]
  })
  t.ok(isRight, 'names of objects')
  t.end()
}

/** The objects that retain most: each is taken away and the rest searched again. */
function sameAsSearch(t: Test, graph: HeapGraph): void {
  const retaining = retainingEdges(graph)
  const { sizes } = mergeParts(graph)
  const dominators = findDominators({ ...graph, retaining })
  const retained = retainedSizes(dominators, sizes)
  const total = graph.selfSizes.reduce((sum, size) => sum + size, 0)
  t.equal(retained[0], total, 'parts only move')
  const whole = reachedBytes(graph, retaining, sizes, -1)
  const largest = [...retained.keys()].sort((a, b) => (retained[b] ?? 0) - (retained[a] ?? 0))
  for (const node of largest.slice(1, 30)) {
    t.equal(whole - reachedBytes(graph, retaining, sizes, node), retained[node], `node ${node}`)
  }
  t.end()
}

function reachedBytes(graph: HeapGraph, retaining: BitSet, sizes: Float64Array, without: number) {
  const seen = new Set([0])
  let bytes = 0
  for (const node of seen) {
    if (node === without) continue
    bytes += sizes[node] ?? 0
    const end = graph.firstEdges[node + 1] ?? 0
    for (let edge = graph.firstEdges[node] ?? 0; edge < end; edge++) {
      if (retaining.has(edge)) seen.add(graph.edgeTargets[edge] ?? 0)
    }
  }
  return bytes
}

function checkProfile(t: Test, graph: HeapGraph): void {
  const paths = retainedPaths(graph, { workingDirectory: '' })
  const origin = { executable: 'node', takenAtMs: Date.now(), comments: [] }
  const { bytes } = retainedPprof(paths, origin)
  t.strictSame(checkValid(bytes, { nowMs: Date.now() }), [])
  const profile = decodeProfile(bytes)
  const cum = new Map<string, number>()
  for (const { stack, values } of profile.samples) {
    const names = stack.map((location) => location?.lines[0]?.function?.name ?? '')
    for (const name of new Set(names)) cum.set(name, (cum.get(name) ?? 0) + (values[1] ?? 0))
  }
  const sessions = cum.get('sessions: Map') ?? 0
  t.ok(sessions > 2_000_000 && sessions < 3_500_000, `${sessions} bytes of sessions`)
  const weak = cum.get('key: Object') ?? cum.get('key: {key}') ?? 0
  t.ok(weak > 80_000 && weak < 90_000, `${weak} bytes that the WeakMap's key holds`)
  const list = cum.get('list: {next, of}') ?? 0
  t.ok(list > 20_000 * 32 && list < 20_000 * 200, `${list} bytes of a list`)
  const depth = Math.max(...profile.samples.map(({ stack }) => stack.length))
  t.ok(depth < 50, `${depth} frames for a list of 20000`)
  t.notMatch(Buffer.from(bytes).toString('latin1'), /secret/, 'no content of the program')
  t.end()
}

function same(a: ArrayLike<number>, b: readonly number[]): boolean {
  return a.length === b.length && b.every((value, index) => a[index] === value)
}
