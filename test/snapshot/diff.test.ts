import t from 'tap'
import { diffSnapshots, growth } from '../../src/snapshot/diff.ts'
import type { Entry } from '../../src/snapshot/entry.ts'
import { goroutineJson } from '../../src/snapshot/goroutine-json.ts'
import { at, recordingOf, shop } from './recordings.ts'

const waiting = (name: string, count: number, line = 1): Partial<Entry> => ({
  stack: [at(`async ${name} src/a.js:${line}:3`)],
  count,
  waitsFor: `fd ${count}`,
})

t.test('buckets are told by what became of them, whatever their ids', (t) => {
  const before = recordingOf([waiting('a', 5), waiting('b', 5), waiting('c', 5), waiting('d', 1)])
  const after = recordingOf(
    [waiting('new', 2), waiting('d', 1), waiting('b', 3), waiting('b', 4), waiting('a', 4)],
    { takenAtMs: before.takenAtMs + 500 },
  )
  const diff = diffSnapshots(before, after)
  t.equal(diff.durationMs, 500)
  t.strictSame(
    diff.changes.map(({ change, bucket, before, after }) => {
      return [change, bucket.stack[0]?.function, before, after]
    }),
    [
      ['new', 'new', 0, 2],
      ['shrank', 'a', 5, 4],
      ['grew', 'b', 5, 7],
      ['same', 'd', 1, 1],
      ['gone', 'c', 5, 0],
    ],
  )
  t.same(
    growth(diff).map(({ bucket }) => bucket.stack[0]?.function),
    ['new', 'b'],
  )
  t.end()
})

t.test('the level of similarity decides what is one bucket in both', (t) => {
  const before = recordingOf([waiting('a', 5)])
  const after = recordingOf([waiting('a', 6)])
  const changesAt = (similarity: 'exactlines' | 'anypointer'): readonly string[] => {
    return diffSnapshots(before, after, { similarity }).changes.map(({ change }) => change)
  }
  t.same(changesAt('anypointer'), ['grew'])
  t.same(changesAt('exactlines'), ['new', 'gone'])
  t.end()
})

t.test('as JSON: the recording, its entries and its buckets', (t) => {
  const json = JSON.parse(JSON.stringify(goroutineJson(shop)))
  t.same(Object.keys(json), [
    'target',
    'takenAtMs',
    'cuts',
    'notes',
    'census',
    'targetCostMs',
    'takenAt',
    'count',
    'similarity',
    'buckets',
    'entries',
  ])
  t.match(json, { takenAt: '2027-01-15T08:00:00.000Z', count: 131, similarity: 'anypointer' })
  t.strictSame(json.entries, JSON.parse(JSON.stringify(shop.entries)))
  t.strictSame(json.buckets[1], {
    kind: 'async-function',
    state: 'awaiting',
    elided: false,
    waitsFor: 'lock * (src/mutex.js:7)',
    wait: { minMs: 180_000, maxMs: 300_000 },
    ids: [2, 3, 4],
    count: 3,
    threads: [{ thread: 'main', count: 3 }],
    isFirst: false,
    stack: [
      ['Mutex.acquire', '/srv/shop/src/mutex.js', 12, 5, 'main', 'main', 'src/mutex.js'],
      ['checkout', '/srv/shop/src/checkout.js', 41, 22, 'main', 'main', 'src/checkout.js'],
      [
        'Layer.handle',
        '/srv/shop/node_modules/express/lib/router/layer.js',
        95,
        5,
        'dependency',
        'express',
        'lib/router/layer.js',
      ],
    ].map(([name, file, line, column, location, packageName, path]) => ({
      location,
      package: packageName,
      version: '',
      file,
      path,
      function: name,
      isAsync: true,
      line,
      column,
    })),
  })
  t.end()
})
