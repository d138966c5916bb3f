import t from 'tap'
import { type Aggregate, aggregate } from '../../src/snapshot/aggregate.ts'
import type { Entry } from '../../src/snapshot/entry.ts'
import { isSimilarity, type Similarity, similarities } from '../../src/snapshot/similarity.ts'
import { at, randomEntries, randomOf, recordingOf, shop } from './recordings.ts'

/** `2x async-function awaiting f:1 g:2 | waits for ... [1~2]` */
function show({ buckets }: Aggregate): readonly string[] {
  return buckets.map(({ count, kind, stack, ids }) => {
    return `${count}x ${kind} ${stack.map((call) => call.function).join(' ')} #${ids.join(',')}`
  })
}

t.test('the first entry comes first, then what has most frames of the own code', (t) => {
  t.same(show(aggregate(shop)), [
    '1x running hashPassword verify emit #1',
    '3x async-function Mutex.acquire checkout Layer.handle #2,3,4',
    '1x fs open load #9',
    '120x async-function resize (eval) #8',
    '1x timer poll #5',
    '1x http-client-request Promise.all (index 2) quote #6',
    '4x socket  #7',
  ])
  t.end()
})

const frame = at('f src/a.js:3:9')
const same: Partial<Entry> = { stack: [frame], waitsFor: 'fd 17, lock 3f2a9c1e-44aa' }

/** What differs from `same`, and at which levels that makes no difference. */
const differences: readonly (readonly [string, Partial<Entry>, readonly Similarity[]])[] = [
  ['time waited', { wait: { minMs: 1, maxMs: 2 } }, similarities],
  ['count', { count: 100 }, similarities],
  ['thread', { thread: '[worker 1] a' }, ['exactlines', 'anypointer', 'anyvalue']],
  ['column', { stack: [at('f src/a.js:3:20')] }, ['exactlines', 'anypointer', 'anyvalue']],
  ['numbers in waitsFor', { waitsFor: 'fd 9, lock 11111111-44ab' }, ['anypointer', 'anyvalue']],
  ['words in waitsFor', { waitsFor: 'fd 17, door' }, ['anyvalue']],
  ['no waitsFor', { waitsFor: undefined }, ['anyvalue']],
  ['line', { stack: [at('f src/a.js:4:9')] }, []],
  ['column of generated code', { stack: [at('f src/a.js:3:5000')] }, []],
  ['function', { stack: [at('g src/a.js:3:9')] }, []],
  ['file', { stack: [at('f src/b.js:3:9')] }, []],
  ['await', { stack: [at('async f src/a.js:3:9')] }, []],
  ['length', { stack: [frame, frame] }, []],
  ['cut', { elided: true }, []],
  ['kind', { kind: 'timer' }, []],
  ['state', { state: 'yielding' }, []],
  ['creator', { createdBy: frame }, []],
]

for (const [what, difference, alikeAt] of differences) {
  t.test(`another ${what} is similar at: ${alikeAt.join(', ') || 'no level'}`, (t) => {
    const recording = recordingOf([same, { ...same, ...difference }])
    const alike = similarities.filter((similarity) => {
      return aggregate(recording, { similarity }).buckets.length === 1
    })
    t.same(alike, alikeAt)
    t.end()
  })
}

t.test('of what is waited for, only what differs is replaced', (t) => {
  const cases: readonly (readonly [readonly string[], string])[] = [
    [
      ['fd 17, 10.0.0.1:5432', 'fd 18, 10.0.0.1:5432', 'fd 17, 10.0.0.1:5432'],
      'fd *, 10.0.0.1:5432',
    ],
    [['GET /u/7?q=1', 'GET /u/8?q=1', 'GET /u/8?q=2'], 'GET /u/*?q=*'],
    [['lock 1 (a.js:12)', 'lock 2 (a.js:12)'], 'lock * (a.js:12)'],
    [['job 0f8fad5b-d9cb-469f', 'job 7c9e6679-7425-40de'], 'job *'],
    [['2 * 3', '2 * 4'], '2 * *'],
  ]
  for (const [texts, merged] of cases) {
    const buckets = aggregate(recordingOf(texts.map((waitsFor) => ({ waitsFor })))).buckets
    t.same(
      buckets.map(({ waitsFor }) => waitsFor),
      [merged],
    )
  }
  const lines = recordingOf([{ waitsFor: 'lock (a.mjs:12:7)' }, { waitsFor: 'lock (a.mjs:13:7)' }])
  t.equal(aggregate(lines).buckets.length, 2, 'another line is another lock')
  t.end()
})

t.test('what entries of a bucket do not share is generalised', (t) => {
  const recording = recordingOf([
    { stack: [at('f src/a.js:3:9')], waitsFor: 'fd 17', wait: { minMs: 5, maxMs: 5 }, count: 2 },
    { stack: [at('f src/a.js:3:9')], waitsFor: 'fd 18', wait: { minMs: 1, maxMs: 9 } },
    {
      stack: [at('f src/a.js:3:11')],
      waitsFor: 'fd 17',
      wait: { minMs: 2, maxMs: 2 },
      thread: 'b',
    },
  ])
  const [bucket, ...others] = aggregate(recording).buckets
  t.same(others, [])
  t.match(bucket, {
    wait: { minMs: 1, maxMs: 9 },
    waitsFor: 'fd *',
    stack: [{ function: 'f', line: 3, column: 0 }],
    ids: [1, 2, 3],
    count: 4,
    threads: [
      { thread: 'b', count: 1 },
      { thread: 'main', count: 3 },
    ],
  })
  const some = recordingOf([{ wait: { minMs: 1, maxMs: 1 } }, {}])
  t.equal(aggregate(some).buckets[0]?.wait, undefined, 'a wait that not all have is unknown')
  const none = recordingOf([{ waitsFor: 'a' }, { waitsFor: 'b' }, {}])
  t.equal(aggregate(none, { similarity: 'anyvalue' }).buckets[0]?.waitsFor, '*')
  t.same(aggregate(recordingOf([])).buckets, [])
  t.end()
})

for (const similarity of similarities) {
  t.test(`${similarity}: buckets hold every entry once, in whatever order they come`, (t) => {
    for (const seed of [1, 2]) {
      const half = randomEntries(seed, 200)
      const entries = [...half, ...half].map((entry, index) => ({ ...entry, id: index + 1 }))
      const { buckets, count } = aggregate(recordingOf(entries), { similarity })
      const ids = buckets.flatMap((bucket) => bucket.ids)
      t.equal(ids.length, entries.length)
      t.equal(new Set(ids).size, entries.length)
      t.ok(buckets.every((bucket) => isAscending(bucket.ids)))
      t.equal(
        buckets.reduce((sum, bucket) => sum + bucket.count, 0),
        entries.reduce((sum, entry) => sum + entry.count, 0),
      )
      t.equal(
        count,
        entries.reduce((sum, entry) => sum + entry.count, 0),
      )
      t.ok(buckets.length <= half.length)
      t.ok(buckets[0]?.ids.includes(1))
      const random = randomOf(seed)
      const shuffled = entries.map((entry) => ({ entry, at: random() }))
      shuffled.sort((a, b) => a.at - b.at)
      const other = aggregate(recordingOf(shuffled.map(({ entry }) => entry)), { similarity })
      t.strictSame(other.buckets.map(comparable), buckets.map(comparable))
    }
    t.end()
  })
}

/** Without the numbers that Calls hands out in the order of its asking. */
function comparable({ key: _, ...bucket }: Aggregate['buckets'][number]): unknown {
  return JSON.parse(
    JSON.stringify(bucket, (name, value) => (/^id$|^placeId$/.test(name) ? 0 : value)),
  )
}

function isAscending(ids: readonly number[]): boolean {
  return ids.every((id, index) => index === 0 || id > (ids[index - 1] ?? 0))
}

t.test('100,000 entries with as many buckets are no problem', (t) => {
  const entries = Array.from({ length: 100_000 }, (_, index) => {
    return { stack: [at(`f${index} src/a.js:${index + 1}:1`), frame], waitsFor: `fd ${index}` }
  })
  t.equal(aggregate(recordingOf(entries)).buckets.length, 100_000)
  t.end()
})

t.test('levels are known by their names', (t) => {
  t.ok(similarities.every(isSimilarity))
  t.notOk(isSimilarity('ExactLines'))
  t.notOk(isSimilarity(''))
  t.end()
})
