import t from 'tap'
import { analysisBytes, type HeapGraph } from '../../../src/convert/heap-graph/heap-graph.ts'
import { makeSnapshot, type Node, parse, parseChunks } from './snapshots.ts'

const awkward = 'a "quoted" \\ name, é 日本 \u{1f600} \n and a tab\t]'

const nodes: readonly Node[] = [
  {
    type: 'synthetic',
    edges: [
      ['element', 1, 1],
      ['shortcut', '2', 2],
    ],
  },
  { type: 'synthetic', name: '(GC roots)' },
  {
    name: 'global',
    size: 40,
    edges: [
      ['property', 'cache', 3],
      ['weak', 'w', 4],
    ],
  },
  { name: awkward, size: 5_000_000_000 },
  { type: 'string', name: 'a secret', size: 24 },
]
const json = JSON.stringify(
  makeSnapshot(nodes, {
    locations: [
      [2, 7, 10, 3],
      [3, 7, 10, 3],
      [2, 7, -1, 4294967295],
    ],
  }),
)

t.test('the graph is the same however the bytes are cut', (t) => {
  const pretty = JSON.stringify(JSON.parse(json), undefined, 1)
  // Node up to 22 breaks lines; \u escapes are what V8 writes for all that is not ASCII.
  const escaped = json.replace(/[\u007f-\uffff]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
  for (const text of [json, pretty, escaped]) {
    for (const chunkBytes of [1, 2, 3, 7, 64, 1_000_000]) {
      checkGraph(parse(Buffer.from(text), chunkBytes))
    }
  }
  t.end()

  function checkGraph(graph: HeapGraph): void {
    const { strings, locations } = graph
    t.equal(graph.nodeCount, 5)
    t.equal(graph.edgeCount, 4)
    t.strictSame([...graph.selfSizes], [0, 0, 40, 5_000_000_000, 24], 'also more than 4 GiB')
    t.strictSame([...graph.nodeIds], [1, 3, 5, 7, 9])
    t.strictSame([...graph.firstEdges], [0, 2, 2, 4, 4, 4])
    t.strictSame([...graph.edgeTargets], [1, 2, 3, 4])
    t.strictSame(
      [...graph.nodeNames].map((name) => strings.textOf(name)),
      ['', '(GC roots)', 'global', awkward, ''],
      'the content of a string is not kept',
    )
    t.equal(strings.textOf(graph.edgeNames[2] ?? 0), 'cache')
    t.strictSame([...locations.nodes], [2, 3, 2])
    t.strictSame([...locations.positionIndexes], [0, 0, 1])
    t.strictSame(locations.positions[0], { scriptId: 7, line: 10, column: 3 })
  }
})

t.test('fields are found by their names, whatever stands between them', (t) => {
  const without = Buffer.from(JSON.stringify(makeSnapshot(nodes, { withTraces: false })))
  t.strictSame([...parse(without).selfSizes], [...parse(Buffer.from(json)).selfSizes])
  t.strictSame([...parse(without).edgeTargets], [1, 2, 3, 4])
  const { snapshot, ...rest } = JSON.parse(json)
  const { location_fields: _, ...meta } = snapshot.meta
  const older = parse(Buffer.from(JSON.stringify({ snapshot: { ...snapshot, meta }, ...rest })))
  t.equal(older.locations.nodes.length, 0)
  t.end()
})

t.test('what is unknown is passed over, whatever it holds', (t) => {
  const extra = '"x":{"a":["]}",{"b":"\\\\"}]},"y":-1.5e3,"z":true,"s":"\\"","nodes":['
  const text = json.replace('"nodes":[', extra).replace(/}$/, ',"last":null}  \n')
  t.equal(parse(Buffer.from(text), 5).nodeCount, 5)
  t.end()
})

t.test("the names of a WeakMap's pair lead to its table", (t) => {
  const pair = '3 / part of key (A (@) @7) -> value (B @9) pair in WeakMap (table @4711)'
  const edges = [
    ['internal', pair, 1],
    ['internal', 'table', 1],
    ['property', pair, 1],
  ] as const
  const graph = parse(Buffer.from(JSON.stringify(makeSnapshot([{ edges }, {}]))))
  const tables = [...graph.edgeNames].map((name) => graph.strings.weakMapTableOf(name))
  t.strictSame(tables, [4711, undefined, 4711])
  t.end()
})

t.test('names are cut, and an escape that is cut or wrong costs no more than itself', (t) => {
  const long = 'x'.repeat(20_000)
  const broken = JSON.stringify(makeSnapshot([{ name: long }, { name: 'NAME' }]))
  const graph = parse(Buffer.from(broken.replace('"NAME"', '"a\\u00zz"')))
  t.equal(graph.strings.textOf(graph.nodeNames[0] ?? 0), 'x'.repeat(6144))
  t.equal(graph.strings.textOf(graph.nodeNames[1] ?? 0), 'au00zz')
  t.end()
})

const damaged: readonly (readonly [what: string, text: string, message: RegExp])[] = [
  ['no JSON', 'hello', /not the JSON that V8 writes/],
  ['an array', '[]', /not the JSON that V8 writes/],
  ['nothing', '', /ends too early/],
  ['an empty object', '{}', /it has no strings/],
  ['a longer object', `${json}{}`, /something follows it/],
  ['half of it', json.slice(0, json.length / 2), /ends too early/],
  ['no closing brace', json.slice(0, -1), /ends too early/],
  ['a key without a colon', '{"snapshot" {', /not the JSON that V8 writes/],
  ['an endless key', `{"${'k'.repeat(300)}`, /not the JSON that V8 writes/],
  ['nodes first', '{"nodes":[1]}', /its header does not come first/],
  ['strings before the nodes', json.replace('"nodes":', '"strings":[],"nodes":'), /fewer nodes/],
  ['nodes twice', json.replace('"edges":', '"nodes":[],"edges":'), /nodes is there twice/],
  ['an endless header', `{"snapshot":{"x":"${'x'.repeat(300_000)}"}}`, /its header is larger/],
  ['a header that is no object', '{"snapshot":7,"nodes":[]}', /snapshot is no object/],
  ['a header with a wrong escape', '{"snapshot":{"\\x":1}}', /its header is no JSON/],
  ['no field names', changed('node_fields', []), /node_fields is no list of 1 to 64 names/],
  ['fields that are numbers', changed('edge_fields', [1]), /edge_fields is no list/],
  ['a field that is missing', changed('edge_fields', ['type']), /edge_fields lacks name_or_index/],
  ['no types', changed('node_types', 7), /node_types is no list/],
  ['types that are no names', changed('edge_types', ['x']), /edge_types is no list/],
  ['nodes that are an object', json.replace('"nodes":[', '"nodes":{'), /nodes is no array/],
  ['strings that are an object', json.replace('"strings":[', '"strings":{'), /strings is no array/],
  ['a string without quotes', json.replace('"strings":[', '"strings":[7,'), /that is no string/],
  ['a fraction', json.replace('"nodes":[9', '"nodes":[9.5'), /nodes holds something/],
  ['a text among numbers', json.replace('"nodes":[9', '"nodes":["9"'), /nodes holds something/],
  ['a huge number', json.replace('"nodes":[9', `"nodes":[${'9'.repeat(400)}`), /too large/],
  ['a negative type', json.replace('"nodes":[9', '"nodes":[-9'), /the type of a node is unknown/],
  ['an unknown type', json.replace('"nodes":[9', '"nodes":[99'), /the type of a node is unknown/],
  ['an unknown type of edge', json.replace('"edges":[1', '"edges":[99'), /the type of an edge/],
  ['a negative name', json.replace('"nodes":[9,1', '"nodes":[9,-1'), /the name of a node/],
  [
    'a name beyond all',
    json.replace('"nodes":[9,1', '"nodes":[9,999999999'),
    /a string that is not/,
  ],
  ['a negative size', json.replace('"nodes":[9,1,1,0', '"nodes":[9,1,1,-1'), /size of a node/],
  ['too many edges', json.replace('"nodes":[9,1,1,0,2', '"nodes":[9,1,1,0,9'), /more edges than/],
  ['a node too many', json.replace('"nodes":[', '"nodes":[9,1,1,0,0,0,0,'), /more nodes than/],
  ['an edge too many', json.replace('"edges":[', '"edges":[1,1,7,'), /more edges than/],
  ['a node too few', json.replace('"node_count":5', '"node_count":6'), /fewer nodes than/],
  ['an edge too few', json.replace('"edge_count":4', '"edge_count":5'), /fewer edges than/],
  ['half a row', json.replace('],"edges"', ',9],"edges"'), /nodes ends within a row/],
  [
    'an edge to the middle of a node',
    json.replace('"edges":[1,1,7', '"edges":[1,1,8'),
    /an edge refers/,
  ],
  [
    'an edge to nowhere',
    json.replace('"edges":[1,1,7', '"edges":[1,1,700'),
    /an edge refers to a node/,
  ],
  [
    'a location of nowhere',
    json.replace('"locations":[14', '"locations":[700'),
    /a location refers/,
  ],
  ['no nodes', JSON.stringify(makeSnapshot([])), /it has no nodes/],
  [
    'a count that is none',
    json.replace('"node_count":5', '"node_count":5.5'),
    /node_count is no count/,
  ],
  ['a negative count', json.replace('"edge_count":4', '"edge_count":-4'), /edge_count is no count/],
  [
    'a count beyond 32 bits',
    json.replace('"node_count":5', '"node_count":1e10'),
    /node_count is no/,
  ],
]

for (const [what, text, message] of damaged) {
  t.test(`refuses ${what}`, (t) => {
    t.notSame(text, json, 'it is not the sound one')
    const unusable = { code: 'recording-invalid', message: /^the heap snapshot is unusable: / }
    for (const chunkBytes of [1, 4096]) {
      t.throws(() => parse(Buffer.from(text), chunkBytes), unusable)
      t.throws(() => parse(Buffer.from(text), chunkBytes), { message })
    }
    t.end()
  })
}

t.test('counts that would take too much memory are refused before they take it', (t) => {
  const before = process.memoryUsage().rss
  const huge = json.replace('"node_count":5', '"node_count":2000000000')
  const needed = Math.ceil(analysisBytes(2_000_000_000, 4) / 1e6)
  t.throws(() => parse(Buffer.from(huge), 4096, 1e9), {
    code: 'capture-too-costly',
    message: `the heap has 2000000000 objects and 4 references between them: finding out what they retain takes ${needed} MB of pprofd's memory, and limits.maxRetainedBytes is 1000 MB`,
    tryNext: /heapsnapshot/,
  })
  // Within the limit, and a lie: memory is taken as it is used.
  const lie = json.replace('"node_count":5', '"node_count":10000000')
  t.throws(() => parse(Buffer.from(lie), 4096, 1e9), { message: /fewer nodes/ })
  const grownMb = (process.memoryUsage().rss - before) / 1e6
  t.ok(grownMb < 100, `${grownMb} MB`)
  t.end()
})

t.test('a string of 200 MB takes no memory', (t) => {
  const [start = '', end = ''] = json.split('a secret')
  const before = process.memoryUsage().rss
  const secret = Buffer.alloc(1_000_000, 'x')
  const chunks = [
    Buffer.from(start),
    ...Array.from({ length: 200 }, () => secret),
    Buffer.from(end),
  ]
  t.equal(parseChunks(chunks).nodeCount, 5)
  const grownMb = (process.memoryUsage().rss - before) / 1e6
  t.ok(grownMb < 50, `${grownMb} MB`)
  t.end()
})

function changed(field: string, value: unknown): string {
  const { snapshot, ...rest } = JSON.parse(json)
  const meta = { ...snapshot.meta, [field]: value }
  return JSON.stringify({ snapshot: { ...snapshot, meta }, ...rest })
}
