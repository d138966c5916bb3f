import t from 'tap'
import type { PathTreeLimits } from '../../../src/convert/heap-graph/path-tree.ts'
import { retainedPaths } from '../../../src/convert/heap-graph/retained-paths.ts'
import { retainedPprof } from '../../../src/convert/heap-graph/retained-pprof.ts'
import { checkValid } from '../../../src/pprof/check-valid.ts'
import { decodeProfile } from '../../../src/pprof/decode-profile.ts'
import { type Edge, graphOf, type Node, type SnapshotOptions } from './snapshots.ts'

const origin = {
  executable: '/usr/bin/node',
  takenAtMs: 1_800_000_000_000,
  comments: ['of a test'],
}

/** The root, with a shortcut to node 1, the global object. */
const root: Node = { type: 'synthetic', edges: [['shortcut', '1', 1]] }

t.test('what is alike and held by what is alike is one path', (t) => {
  const lines = linesOf([
    root,
    {
      name: 'global / ',
      size: 1,
      edges: [
        ['property', 'store', 2],
        ['property', 'other', 3],
      ],
    },
    {
      name: 'Store',
      size: 2,
      edges: [
        ['element', 0, 4],
        ['element', 1, 5],
        ['element', 2, 6],
      ],
    },
    { name: 'Store', size: 3 },
    { name: 'Session', size: 10, edges: [['property', 'data', 7]] },
    { name: 'Session', size: 20, edges: [['property', 'data', 8]] },
    { type: 'string', name: 'the content of a string', size: 40 },
    { name: 'Buffer', size: 100 },
    { name: 'Buffer', size: 200 },
  ])
  t.strictSame(lines, [
    'global 1 of 1',
    'global / other: Store 1 of 3',
    'global / store: Store 1 of 2',
    'global / store: Store / (string) 1 of 40',
    'global / store: Store / Session 2 of 30',
    'global / store: Store / Session / data: Buffer 2 of 300',
  ])
  t.end()
})

t.test(
  "V8's parts of an object count as the object, and its other things are called by kind",
  (t) => {
    const lines = linesOf([
      root,
      {
        name: 'global',
        size: 1,
        edges: [
          ['property', 'map', 2],
          ['element', 0, 5],
        ],
      },
      { name: 'Map', size: 10, edges: [['internal', 'table', 3]] },
      {
        type: 'array',
        size: 100,
        edges: [
          ['internal', '1', 4],
          ['hidden', 2, 6],
        ],
      },
      { name: 'Value', size: 1000 },
      {
        type: 'code',
        name: 'handler',
        size: 5,
        edges: [
          ['internal', 'x', 7],
          ['weak', 'w', 8],
        ],
      },
      { type: 'hidden', name: 'system / Thing', size: 7 },
      { type: 'object shape', size: 9, edges: [['internal', 'x', 9]] },
      { type: 'hidden', name: 'system / Weak', size: 11 },
      { type: 'regexp', name: 'secret.*', size: 13 },
    ])
    t.strictSame(lines, [
      '(system) 1 of 11',
      'global 1 of 1',
      'global / (compiled code) 1 of 5',
      'global / (compiled code) / (shape) 1 of 9',
      'global / (compiled code) / (shape) / RegExp 1 of 13',
      'global / map: Map 1 of 117',
      'global / map: Map / Value 1 of 1000',
    ])
    t.end()
  },
)

t.test('keys of dictionaries, keys that look like data, and strings are no names', (t) => {
  const many = Array.from({ length: 65 }, (_, i): Edge => ['property', `token${i}`, 4])
  const lines = linesOf([
    root,
    {
      name: 'global',
      edges: [
        ['property', 'users', 2],
        ['property', 'few', 3],
      ],
    },
    { name: 'Object', edges: many },
    {
      name: 'Object',
      edges: [
        ['property', 'ab-c1', 5],
        ['property', 'k'.repeat(41), 6],
        ['property', 'ok', 7],
      ],
    },
    { name: 'User', size: 1 },
    { name: 'User', size: 2 },
    { name: 'User', size: 4 },
    { type: 'string', name: 'password', size: 8 },
  ])
  t.strictSame(lines, [
    'global 1 of 0',
    'global / few: Object 1 of 0',
    'global / few: Object / User 2 of 6',
    'global / few: Object / ok: (string) 1 of 8',
    'global / users: Object 1 of 0',
    'global / users: Object / User 1 of 1',
  ])
  t.end()
})

t.test('plain objects are called by their fields where at least eight have the same shape', (t) => {
  const fields = ['id', 'name', 'a-b', 'mail', 'city', 'zip', 'street']
  const record = (shape: number): Node => ({
    name: 'Object',
    size: 1,
    edges: [
      ['property', '__proto__', 1],
      ...fields.map((field): Edge => ['property', field, 1]),
      ['internal', 'map', shape],
    ],
  })
  const shared = Array.from({ length: 8 }, () => record(2))
  const rare = Array.from({ length: 7 }, () => record(3))
  const children = [...shared, ...rare].map((_, i): Edge => ['element', i, 4 + i])
  const lines = linesOf([
    root,
    { name: 'global', edges: [...children, ['internal', 'a', 2], ['internal', 'b', 3]] },
    { type: 'object shape' },
    { type: 'object shape' },
    ...shared,
    ...rare,
  ])
  t.ok(lines.includes('global / {id, name, mail, city, zip, …} 8 of 8'), lines.join('\n'))
  t.ok(lines.includes('global / Object 7 of 7'), lines.join('\n'))
  t.end()
})

t.test(
  'functions are called as in CPU profiles, and a class has the place of its constructor',
  (t) => {
    const nodes: readonly Node[] = [
      root,
      {
        name: 'global',
        edges: [2, 3, 4, 5, 6, 7].map((node): Edge => ['element', node, node]),
      },
      { type: 'closure', name: 'handler', size: 1, edges: [['internal', 'shared', 8]] },
      { type: 'closure', size: 2, edges: [['internal', 'shared', 8]] },
      { type: 'closure', name: 'then', size: 4 },
      { type: 'closure', size: 8 },
      { type: 'closure', name: 'evaluated', size: 16 },
      { name: 'Session', size: 32 },
      { type: 'code', edges: [['internal', 'script', 9]] },
      { type: 'code', name: 'file:///srv/app/src/session.js' },
    ]
    const locations = [
      [2, 5, 9, 1],
      [3, 5, 11, 4],
      [6, 6, 2, 2],
      [7, 5, 0, 6],
    ] as const
    const { lines, profile } = profileOf(nodes, { locations })
    t.match(
      lines.filter((line) => !line.includes('compiled')),
      [
        'global 1 of 0',
        'global / (closure) 1 of 8',
        'global / Session 1 of 32',
        'global / eval.evaluated 1 of 16',
        'global / src/session.(anonymous:12:5) 1 of 2',
        'global / src/session.handler 1 of 1',
        'global / then 1 of 4',
      ],
    )
    const placed = profile.functions.filter(({ file }) => file.endsWith('session.js'))
    t.strictSame(placed.map(({ name, file, startLine }) => [name, file, startLine]).sort(), [
      ['Session', '/srv/app/src/session.js', 1],
      ['src/session.(anonymous:12:5)', '/srv/app/src/session.js', 12],
      ['src/session.handler', '/srv/app/src/session.js', 10],
    ])
    t.end()
  },
)

t.test('a script whose first function leads nowhere is found by another, also on Node 18', (t) => {
  const nodes: readonly Node[] = [
    root,
    {
      name: 'global',
      edges: [
        ['element', 0, 2],
        ['element', 1, 3],
        ['element', 2, 7],
      ],
    },
    { type: 'closure', name: 'first', edges: [['internal', 'shared', 4]] },
    { type: 'closure', name: 'second', edges: [['internal', 'shared', 5]] },
    { type: 'code', edges: [['internal', 'script_or_debug_info', 6]] },
    { type: 'code', edges: [['internal', 'script_or_debug_info', 8]] },
    { type: 'code', name: 'system / DebugInfo' },
    { type: 'closure', name: 'third', edges: [['internal', 'shared', 9]] },
    { type: 'code', name: '/srv/app/a.js' },
    { type: 'code' },
  ]
  const locations = [
    [7, 5, 3, 1],
    [2, 5, 1, 1],
    [3, 5, 2, 1],
  ] as const
  const { lines } = profileOf(nodes, { locations })
  for (const name of ['first', 'second', 'third']) {
    t.ok(
      lines.some((line) => line.startsWith(`global / a.${name} `)),
      lines.join('\n'),
    )
  }
  t.end()
})

t.test('lists and trees are folded, and depth is cut', (t) => {
  const chain = (names: readonly string[], limits?: PathTreeLimits) => {
    const nodes = names.map((name, i): Node => {
      return { name, size: 2 ** i, edges: i + 1 < names.length ? [['element', 0, i + 2]] : [] }
    })
    return linesOf([root, ...nodes], {}, limits)
  }
  t.strictSame(chain(['A', 'A', 'A', 'B']), ['A 3 of 7', 'A / B 1 of 8'])
  t.strictSame(chain(['A', 'B', 'A', 'B', 'A', 'B', 'C']), [
    'A 1 of 1',
    'A / B 3 of 42',
    'A / B / A 2 of 20',
    'A / B / C 1 of 64',
  ])
  t.strictSame(chain(['A', 'B', 'A', 'C']), [
    'A 1 of 1',
    'A / B 1 of 2',
    'A / B / A 1 of 4',
    'A / B / A / C 1 of 8',
  ])
  t.strictSame(chain(['A', 'B', 'C', 'D'], { depth: 2, paths: 100 }), ['A 1 of 1', 'A / B 3 of 14'])
  t.strictSame(chain(['A', 'B', 'C', 'D'], { depth: 9, paths: 3 }), ['A 1 of 1', 'A / B 3 of 14'])
  const cut = profileOf(
    [root, { name: 'A', edges: [['element', 0, 2]] }, { name: 'B' }],
    {},
    { depth: 1, paths: 9 },
  )
  t.match(cut.profile.comments, ['of a test', /retained size/, /deeper than a limit/])
  t.end()
})

t.test('of too many paths the smallest are summed up where they are, and nothing is lost', (t) => {
  const count = 30_000
  const children = Array.from(
    { length: count },
    (_, i): Node => ({ name: `Class${i}`, size: i + 1 }),
  )
  const edges = children.map((_, i): Edge => ['element', i, i + 2])
  const { lines, profile, bytes } = profileOf([root, { name: 'global', edges }, ...children])
  t.strictSame(checkValid(bytes), [])
  const total = (count * (count + 1)) / 2
  t.equal(
    profile.samples.reduce((sum, { values }) => sum + (values[1] ?? 0), 0),
    total,
  )
  t.equal(
    profile.samples.reduce((sum, { values }) => sum + (values[0] ?? 0), 0),
    count + 1,
  )
  t.ok(lines.includes(`global / Class${count - 1} 1 of ${count}`))
  t.notOk(lines.some((line) => line.includes('Class1 ')))
  const rest = lines.find((line) => line.startsWith('global / (smaller) '))
  t.match(rest, / 22003 of 242077006$/)
  t.match(profile.comments[2], /22003 of 30002 paths, the smallest, are summed up as \(smaller\)/)
  t.end()
})

t.test('long names make the profile shorter rather than too large', (t) => {
  const deep = Array.from({ length: 90 }, (_, depth): Node => {
    return { name: `Holder${depth}`, edges: [['element', 0, depth + 2]] }
  })
  const count = 9000
  const edges = Array.from({ length: count }, (_, i): Edge => ['element', i, 92 + i])
  const leaves = Array.from({ length: count }, (_, i): Node => {
    return { name: `${i}${'é'.repeat(300)}`, size: 1 + (i % 7) }
  })
  const { profile, bytes } = profileOf([root, ...deep, { name: 'All', edges }, ...leaves])
  t.strictSame(checkValid(bytes), [])
  t.ok(profile.samples.length > 1000)
  t.equal(Math.max(...profile.functions.map(({ name }) => name.length)) > 60, true)
  t.end()
})

t.test('a heap of nothing is a valid profile', (t) => {
  const { bytes, lines } = profileOf([{ type: 'synthetic' }])
  t.strictSame(checkValid(bytes), [])
  t.strictSame(lines, [])
  t.strictSame(linesOf([{ type: 'object', name: 'odd', size: 3 }]), ['(smaller) 1 of 3'])
  t.end()
})

t.test('the same heap has the same addresses, and a symbol for each', (t) => {
  const nodes = [root, { name: 'global', edges: [['property', 'a', 2]] } as Node, { name: 'A' }]
  const first = profileOf(nodes)
  const again = profileOf([...nodes])
  const addresses = first.profile.locations.map(({ address }) => address)
  t.strictSame(
    again.profile.locations.map(({ address }) => address),
    addresses,
  )
  t.strictSame(
    first.symbols.map(([address]) => address),
    addresses,
  )
  t.strictSame(first.symbols.map(([, name]) => name).sort(), ['a: A', 'global'])
  t.end()
})

function linesOf(nodes: readonly Node[], options?: SnapshotOptions, limits?: PathTreeLimits) {
  return profileOf(nodes, options, limits).lines
}

/** A line a sample: its path, the holder first, how many objects it has and their bytes. */
function profileOf(nodes: readonly Node[], options?: SnapshotOptions, limits?: PathTreeLimits) {
  const paths = retainedPaths(graphOf(nodes, options), { workingDirectory: '/srv/app', limits })
  const { bytes, symbols } = retainedPprof(paths, origin)
  const profile = decodeProfile(bytes)
  const rows = profile.samples.map(({ stack, values }) => ({
    path: stack
      .map((location) => location?.lines[0]?.function?.name)
      .reverse()
      .join(' / '),
    values: `${values[0]} of ${values[1]}`,
  }))
  rows.sort((a, b) => (a.path < b.path ? -1 : 1))
  return { bytes, profile, symbols, lines: rows.map(({ path, values }) => `${path} ${values}`) }
}
