// Heap profiles as a hostile or odd target may send them, and what the forms say of good ones.
import t from 'tap'
import { encodeHeapProfile } from '../../src/convert/heap-formats.ts'
import { parseHeapProfile } from '../../src/convert/heap-profile.ts'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import {
  encode,
  frame,
  type Node,
  node,
  profileOf,
  recordingOf,
  sum,
  thread,
} from './heap-recordings.ts'

t.test('nodes are read in whatever order their members have', (t) => {
  const json = `{"samples":[{"size":8,"nodeId":2,"ordinal":1},{"nodeId":2},{"nodeId":9}],"head":
    {"children":[{"selfSize":24,"children":[],"callFrame":${frame('a')},"id":2,"more":[{}]}],
     "id":1,"selfSize":0,"callFrame":${frame('(root)')}},"extra":null}`
  const profile = parseHeapProfile(Buffer.from(json))
  t.same([...profile.parents], [-1, 0])
  t.same([...profile.selfBytes], [0, 24])
  t.same([...profile.sampledObjects], [0, 2], 'a sample of an unknown node is left out')
  t.same(
    profile.callFrames.map(({ functionName }) => functionName),
    ['a', '(root)'],
  )
  t.end()
})

const refused: readonly (readonly [what: string, json: string, message: RegExp])[] = [
  ['no JSON', 'x', /unusable heap profile: an object is missing/],
  ['no head', '{"samples":[]}', /it has no head/],
  ['two heads', `{"head":${node('a', 1)},"head":${node('a', 1)}}`, /two heads/],
  ['a negative size', `{"head":${node('a', -1)}}`, /selfSize is no number of bytes/],
  ['a fraction', `{"head":${node('a', 0.5)}}`, /selfSize is no number of bytes/],
  ['an absurd size', `{"head":${node('a', 1e300)}}`, /selfSize is no number of bytes/],
  ['NaN', `{"head":{"selfSize":NaN}}`, /a number is missing/],
  ['children that are none', '{"head":{"children":{}}}', /an array is missing/],
  ['a child that is none', '{"head":{"children":[1]}}', /an object is missing/],
  ['an end in mid-node', '{"head":{"children":[{"selfSize":1', /missing|ends/],
  ['more after the end', `{"head":${node('a', 1)}}}`, /something follows the profile/],
  ['samples that are none', `{"head":${node('a', 1)},"samples":[1]}`, /an object is missing/],
]

t.test('what is no heap profile is refused', (t) => {
  for (const [what, json, message] of refused) {
    const parse = () => parseHeapProfile(Buffer.from(json))
    t.throws(parse, { code: 'recording-invalid', message }, what)
  }
  t.end()
})

t.test('depth makes neither the stack overflow nor the answer absurd', async (t) => {
  const depth = 200_000
  const open = `{"callFrame":${frame('f')},"selfSize":8,"children":[`
  const head = `${open.repeat(depth)}${']}'.repeat(depth)}`
  const { profile } = await encode(thread(Buffer.from(`{"head":${head}}`)))
  t.equal(profile.samples.length, 1024)
  t.equal(sum(profile, 3), depth * 8)
})

t.test('sums that no number holds are cut', async (t) => {
  const most = Number.MAX_SAFE_INTEGER
  const children = [1, 2, 3].map(() => ({ name: 'f', size: most }))
  const { profile, bytes } = await encode(thread(profileOf({ name: '(root)', size: 0, children })))
  t.same(checkValid(bytes), [])
  t.same(profile.samples[0]?.values, [0, 0, 0, most])
})

t.test('a delta is the second minus the first, also where that is negative', async (t) => {
  const before = profileOf({
    name: '(root)',
    size: 0,
    children: [
      { name: 'freed', size: 800 },
      { name: 'same', size: 8 },
      { name: 'grown', size: 100, children: [{ name: 'inner', size: 40 }] },
    ],
  })
  const now = profileOf({
    name: '(root)',
    size: 0,
    children: [
      { name: 'grown', size: 300, children: [{ name: 'inner', size: 30 }] },
      { name: 'same', size: 8 },
      { name: 'new', size: 16 },
    ],
  })
  const native = { externalBytes: 50, arrayBuffersBytes: 10 }
  const later = { externalBytes: 20, arrayBuffersBytes: 10 }
  const delta = { ...thread(now, later), baseline: { profileJson: before, native } }
  const { profile } = await encode(delta, { isDelta: true })
  const rows = profile.samples.map(({ stack, values }) => [
    stack.map((location) => location?.lines[0]?.function?.name).join(' < '),
    values[3],
  ])
  t.same(Object.fromEntries(rows), {
    'a.freed': -800,
    'a.grown': 200,
    'a.inner < a.grown': -10,
    'a.new': 16,
    '(external)': -30,
  })
  t.equal(profile.durationNanos, 3e9)
  t.match(
    profile.comments.join('\n'),
    /^difference: of 3 s, since 2026-01-01T00:00:00\.000Z; what/m,
  )
})

t.test(
  'what began with the delta has nothing to subtract, and what is unknown no row',
  async (t) => {
    const now = profileOf({ name: '(root)', size: 0, children: [{ name: 'f', size: 16 }] })
    const begun = { ...thread(now, { externalBytes: 5, arrayBuffersBytes: 5 }), baseline: {} }
    const { profile } = await encode(begun, { isDelta: true })
    t.equal(profile.samples.length, 1)
    t.equal((await encode(thread(now))).profile.samples.length, 1)
  },
)

t.test('a heap in which nothing was sampled is a valid profile', async (t) => {
  const { bytes, profile } = await encode(thread(profileOf({ name: '(root)', size: 0 })))
  t.same(checkValid(bytes), [])
  t.equal(profile.samples.length, 0)
})

t.test('threads, foreign samplers and external memory are told apart by labels', async (t) => {
  const json = profileOf({ name: '(root)', size: 0, children: [{ name: 'f', size: 16 }] })
  const main = { ...thread(json), sampler: 'foreign', collected: undefined } as const
  const worker = {
    ...thread(json, { externalBytes: 7, arrayBuffersBytes: 0 }),
    thread: 'pool\u001b#1',
    collected: false,
  } as const
  const recording = recordingOf([main, worker], { missing: ['late#2'] })
  const { bytes } = await encodeHeapProfile(recording, 'heap', 'pprof')
  t.same(checkValid(bytes), [])
  const profile = decodeProfile(bytes)
  t.same(
    profile.samples.map(({ labels }) =>
      Object.fromEntries(labels.map(({ key, str }) => [key, str])),
    ),
    [
      { thread: 'main', pid: '7', sampler: 'foreign' },
      { thread: 'pool\ufffd#1', pid: '7' },
      { thread: 'pool\ufffd#1', pid: '7', memory: 'external' },
    ],
  )
  const comments = profile.comments.join('\n')
  t.match(comments, /^sampler: foreign in main: it ran already/m)
  t.match(comments, /^garbage: not collected before the reading/m)
  t.match(comments, /^warning: not read: late#2$/m)
  t.equal(profile.period, 1024)
  const foreign = decodeProfile((await encode(main)).bytes)
  t.equal(foreign.period, 0, 'nobody tells the rate of a foreign one')
  t.notMatch(foreign.comments.join('\n'), /^rate:/m)
})

t.test(
  'the text has a count where there are bytes, and what is allocated in brackets',
  async (t) => {
    const root = { name: '(root)', size: 0, children: [{ name: 'f', size: 16 }] }
    const samples = [{ nodeId: 2 }, { nodeId: 2 }]
    const json = Buffer.from(JSON.stringify({ ...JSON.parse(String(profileOf(root))), samples }))
    const allocated = {
      ...thread(json, { externalBytes: 7, arrayBuffersBytes: 0 }),
      counting: 'allocated',
    } as const
    const { bytes } = await encodeHeapProfile(recordingOf([allocated]), 'allocs', 'text')
    const text = Buffer.from(bytes).toString()
    t.match(text, /^heap profile: 1: 7 \[2: 16\] @ heap\/2\n1: 7 \[0: 0\] @ 0x/)
    t.match(text, /^0: 0 \[2: 16\] @ 0x[0-9a-f]+\n#\t0x[0-9a-f]+\ta\.f\+0x1\t\/a\.js:2\n\n/m)
    t.match(text, /^# group \ufffd\n# figure = 3\n#\n/m)
    t.match(text, /^# inuse_objects, inuse_space: 0, unknown/m)
  },
)

t.test('a text longer than anybody reads is refused', async (t) => {
  const name = 'f'.repeat(500)
  const leaves = Array.from({ length: 200 }, (_, index) => ({ name: `${name}${index}`, size: 8 }))
  const chain = (depth: number): Node => ({
    name: `${name}/${depth}`,
    size: 0,
    children: depth === 0 ? leaves : [chain(depth - 1)],
  })
  const recording = recordingOf([thread(profileOf(chain(900)))])
  const text = encodeHeapProfile(recording, 'heap', 'text')
  await t.rejects(text, {
    code: 'recording-invalid',
    message: /^The text would be longer than 64 MiB/,
  })
})
