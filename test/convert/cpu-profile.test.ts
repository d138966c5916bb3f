import t from 'tap'
import { type CpuProfile, parseCpuProfile } from '../../src/convert/cpu-profile.ts'
import { fixture, fixtureNames } from './recordings.ts'

interface V8Node {
  readonly id: number
  readonly callFrame: Readonly<Record<string, unknown>>
  readonly hitCount: number
  readonly children?: readonly number[]
  readonly positionTicks?: readonly unknown[]
}
interface V8Profile {
  readonly nodes: readonly V8Node[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
  readonly startTime: number
  readonly endTime: number
}

/** As V8 would have sent it; ids are indexes + 1. */
function rebuild(profile: CpuProfile): unknown {
  const at = (index: number, from: Int32Array) => from[index] ?? -1
  return {
    nodes: Array.from({ length: profile.nodeCount }, (_, index) => ({
      parent: at(index, profile.parents) + 1,
      callFrame: profile.callFrames[at(index, profile.frames)],
      hitCount: at(index, profile.hitCounts),
      ticks: Array.from(
        profile.tickLines.subarray(
          at(index, profile.tickStarts),
          at(index + 1, profile.tickStarts),
        ),
      ),
    })),
    samples: Array.from(profile.samples, (index) => index + 1),
    timeDeltas: Array.from(profile.timeDeltasUs),
    startTime: profile.startTimeUs,
    endTime: profile.endTimeUs,
  }
}

function expected({ nodes, ...rest }: V8Profile): unknown {
  const indexOf = new Map(nodes.map(({ id }, index) => [id, index + 1]))
  const parents = new Map(
    nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])),
  )
  return {
    ...rest,
    samples: rest.samples.map((id) => indexOf.get(id)),
    nodes: nodes.map(({ id, callFrame, hitCount, positionTicks = [] }) => {
      const { scriptId, ...frame } = callFrame
      const ticks = positionTicks.map((tick) => Object(tick).line)
      return { parent: indexOf.get(parents.get(id) ?? -1) ?? 0, callFrame: frame, hitCount, ticks }
    }),
  }
}

for (const name of fixtureNames) {
  t.test(`the columns of ${name} hold what JSON.parse finds`, async (t) => {
    const json = fixture(name)
    t.same(rebuild(parseCpuProfile(json)), expected(JSON.parse(String(json))))
  })
}

const callFrame = { functionName: 'f', scriptId: '1', url: '', lineNumber: 1, columnNumber: 2 }
const sound = {
  nodes: [
    { id: 1, callFrame, hitCount: 0, children: [2] },
    { id: 2, callFrame, hitCount: 1 },
  ],
  startTime: 1,
  endTime: 9,
  samples: [2],
  timeDeltas: [3],
}

t.test('keys come in any order, with unknown ones and white space between them', async (t) => {
  const { nodes, ...rest } = sound
  const turned = nodes.map((node) => ({
    x: [{ y: ']"\\' }],
    ...Object.fromEntries(Object.entries(node).reverse()),
  }))
  const text = JSON.stringify(
    { more: { a: [1e3, true, null] }, ...rest, nodes: turned },
    null,
    '\t\r\n ',
  )
  t.same(rebuild(parseCpuProfile(Buffer.from(`\n ${text} \n`))), expected(sound))
})

t.test('strings may hold escapes and any character, and keys may be escaped', async (t) => {
  const functionName = 'a"\\/\b\n\u0000é漢😀\ud800'
  const nodes = [{ id: 1, callFrame: { ...callFrame, functionName, url: 'ü' } }]
  const escaped = JSON.stringify({ ...sound, nodes, samples: [1] }).replace(
    '"nodes"',
    '"n\\u006fdes"',
  )
  const [frame] = parseCpuProfile(Buffer.from(escaped)).callFrames
  t.same(frame, { functionName, url: 'ü', lineNumber: 1, columnNumber: 2 })
})

t.test('parents may be given instead of children, hit counts may be absent', async (t) => {
  const nodes = [
    { id: 7, callFrame, parent: 900_000 },
    { id: 900_000, callFrame },
  ]
  const profile = parseCpuProfile(Buffer.from(JSON.stringify({ ...sound, nodes, samples: [7] })))
  t.same([...profile.parents], [1, -1])
  t.same([...profile.topDown], [1, 0])
  t.same([...profile.hitCounts], [1, 0])
})

t.test('numbers may be written in any way, and absurd deltas are bounded', async (t) => {
  const text = '{"nodes":[],"startTime":1.5e6,"endTime":2E6,"samples":[],"timeDeltas":[]}'
  t.match(parseCpuProfile(Buffer.from(text)), { startTimeUs: 1_500_000, endTimeUs: 2_000_000 })
  const deltas = parseCpuProfile(Buffer.from(JSON.stringify({ ...sound, timeDeltas: [-1e30] })))
  t.same([...deltas.timeDeltasUs], [-(2 ** 31 - 1)])
  const odd = { ...callFrame, lineNumber: 1e12, columnNumber: -7 }
  const odder = parseCpuProfile(
    Buffer.from(JSON.stringify({ ...sound, nodes: [{ id: 2, callFrame: odd }] })),
  )
  t.match(odder.callFrames, [{ lineNumber: -1, columnNumber: -1 }])
})

const node = (id: number, children: readonly number[] = []) => ({ id, callFrame, children })
const hostile: readonly (readonly [title: string, change: object, problem: RegExp])[] = [
  ['no nodes', { nodes: undefined }, /it has no nodes/],
  ['no samples', { samples: undefined }, /it has no samples/],
  ['no time deltas', { timeDeltas: undefined }, /it has no timeDeltas/],
  ['no start', { startTime: undefined }, /it has no startTime/],
  ['no end', { endTime: undefined }, /it has no endTime/],
  ['an end before the start', { endTime: 0 }, /ends before it starts/],
  ['a time that is text', { endTime: '9' }, /a number is missing/],
  ['a time beyond all times', { endTime: 1e300 }, /a time is 1e\+300/],
  ['fewer deltas than samples', { timeDeltas: [] }, /1 samples but 0 time deltas/],
  ['a delta that is null', { timeDeltas: [null] }, /a number is missing/],
  ['a sample of an unknown node', { samples: [99] }, /names node 99/],
  ['a negative sample', { samples: [-1] }, /a sample is -1/],
  ['a fraction of a sample', { samples: [1.5] }, /a sample is 1.5/],
  ['a repeated id', { nodes: [node(1), node(1)] }, /two nodes have the id 1/],
  ['a repeated large id', { nodes: [node(9e8), node(9e8)] }, /two nodes have the id 900000000/],
  ['an id beyond 32 bits', { nodes: [node(2 ** 40)] }, /a node id is 1099511627776/],
  ['a node without id', { nodes: [{ callFrame }] }, /a node has no id/],
  ['a node without call frame', { nodes: [{ id: 1 }] }, /node 1 has no callFrame/],
  ['a call frame that is text', { nodes: [{ id: 1, callFrame: 'f' }] }, /an object is missing/],
  ['a node that is its child', { nodes: [node(2, [2])] }, /node 2 is its own ancestor/],
  ['a cycle', { nodes: [node(1, [2]), node(2, [3]), node(3, [1])] }, /is its own ancestor/],
  ['two parents', { nodes: [node(1, [3]), node(2, [3]), node(3)] }, /node 3 has two parents/],
  ['an unknown child', { nodes: [node(1, [5])] }, /names child 5/],
  ['an unknown parent', { nodes: [{ ...node(1), parent: 5 }] }, /names parent 5/],
  ['nodes that are no array', { nodes: {} }, /an array is missing/],
]

for (const [title, change, problem] of hostile) {
  t.test(`${title} is refused`, async (t) => {
    const json = Buffer.from(JSON.stringify({ ...sound, ...change }))
    t.throws(() => parseCpuProfile(json), { code: 'recording-invalid', message: problem })
  })
}

t.test('text cut off anywhere is refused', async (t) => {
  const text = JSON.stringify(sound, null, 1)
  for (let end = 0; end < text.length; end++) {
    const json = Buffer.from(text.slice(0, end))
    t.throws(() => parseCpuProfile(json), { code: 'recording-invalid' }, `after ${end}`)
  }
})

t.test('what is no JSON is refused', async (t) => {
  const sketch = JSON.stringify(sound)
  const texts = [
    'null',
    `${sketch}x`,
    sketch.replace('"f"', '"\\x"'),
    sketch.replace(':', '='),
    sketch.replace('"scriptId":"1"', '"scriptId":nil'),
    sketch.replace('"startTime":1', '"startTime":-'),
    sketch.replace('"startTime":1', '"startTime":1.e.5'),
    sketch.replace('{"id"', '{id'),
  ]
  for (const text of texts) {
    t.throws(() => parseCpuProfile(Buffer.from(text)), { code: 'recording-invalid' }, text)
  }
})

t.test('absurd depth is no trouble, neither of nodes nor of unknown members', async (t) => {
  const count = 100_000
  const nodes = Array.from({ length: count }, (_, index) =>
    node(index + 1, index + 1 < count ? [index + 2] : []),
  )
  const profile = parseCpuProfile(Buffer.from(JSON.stringify({ ...sound, nodes })))
  t.equal(profile.parents[count - 1], count - 2)
  const nested = `{"x":${'['.repeat(count)}${']'.repeat(count)},${JSON.stringify(sound).slice(1)}`
  t.equal(parseCpuProfile(Buffer.from(nested)).nodeCount, 2)
})

t.test('a node that is not written as V8 does is read like its neighbours', async (t) => {
  const plain = String(fixture('node20'))
  const known = parseCpuProfile(Buffer.from(plain))
  const third = /\{"id":3,"callFrame":(\{[^}]*\}),"hitCount":(\d+),"children":(\[[^\]]*\])/
  const others = {
    'in another order': '{"callFrame":$1,"children":$3,"id":3,"hitCount":$2',
    'with white space': '{ "id": 3, "callFrame": $1, "hitCount": $2, "children": $3',
    'with more members': '{"id":3,"callFrame":$1,"hitCount":$2,"children":$3,"deoptReason":"none"',
    'with numbers of another form': '{"id":3.0,"callFrame":$1,"hitCount":$2,"children":$3',
    'with an empty list': '{"id":3,"callFrame":$1,"hitCount":$2,"children":$3,"positionTicks":[]',
  }
  for (const [how, text] of Object.entries(others)) {
    const changed = plain.replace(third, text)
    t.not(changed, plain)
    t.same(parseCpuProfile(Buffer.from(changed)), known, how)
  }
})
