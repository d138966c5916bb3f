import t from 'tap'
import { draftEntries, type LocatedFunction } from '../../src/captures/draft-entries.ts'
import { framesOf } from '../../src/captures/goroutine-frames.ts'
import type { RawEntry } from '../../src/captures/in-target/collector.ts'

const place = (line: number, subjects: readonly number[] = []): LocatedFunction => ({
  url: '/app.js',
  line,
  column: 1,
  subjects,
})
const frame = (name: string) => ({ function: name, url: '/app.js', line: 9, column: 1 })
const timer = (more: Partial<RawEntry>): RawEntry => ({
  kind: 'timer',
  state: 'waiting',
  count: 1,
  ...more,
})

const functions = new Map([
  [0, place(1)],
  [1, place(1)],
  [2, place(2)],
  [3, place(3, [0])],
  [4, place(4, [0, 1])],
  [5, place(5, [0, 2])],
])
const chains = new Map([
  [0, [frame('awaiter')]],
  [1, [frame('other')]],
  [2, []],
])
const findings = { functions, chains, maxFrames: 2 }
const stackOf = (more: Partial<RawEntry>) => draftEntries([timer(more)], findings)[0]?.stack

t.test('a callback has its place only where all that look like it are one', (t) => {
  const called = (name: string, samples: readonly number[]) => ({ function: { name, samples } })
  const cases = [
    { samples: [0], place: ['/app.js', 1, 1] },
    { samples: [0, 1], place: ['/app.js', 1, 1] },
    { samples: [0, 2], place: ['', 0, 0] },
    { samples: [], place: ['', 0, 0] },
    { samples: [99], place: ['', 0, 0] },
  ] as const
  for (const { samples, place } of cases) {
    const [url, line, column] = place
    t.strictSame(stackOf(called('f', samples)), [{ function: 'f', url, line, column }])
  }
  t.equal(stackOf(called('', [0]))?.[0]?.function, '(anonymous)')
  t.strictSame(stackOf({}), [])
  t.end()
})

t.test('awaiters follow, unless a closure leads to several', (t) => {
  const names = (more: Partial<RawEntry>) => stackOf(more)?.map((each) => each.function)
  t.strictSame(names({ subject: 0 }), ['awaiter'])
  t.strictSame(names({ subject: 2 }), [])
  t.strictSame(names({ subject: 99 }), [])
  t.strictSame(names({ function: { name: 'f', samples: [3] } }), ['f', 'awaiter'])
  t.strictSame(names({ function: { name: 'f', samples: [4] } }), ['f'], 'which of the two?')
  t.strictSame(names({ function: { name: 'f', samples: [5] } }), ['f', 'awaiter'])
  t.end()
})

t.test('equal entries are one, with the widest times', (t) => {
  const drafts = draftEntries(
    [
      timer({ subject: 0, waitMs: [5, 5], dueMs: [10.4, 10.4] }),
      timer({ subject: 0, waitMs: [3, 8], dueMs: [2, 30] }),
      timer({ subject: 1, waitMs: [1, 1], dueMs: [-3, -1] }),
      timer({ subject: 2, waitMs: [1, 1], dueMs: [7, 7] }),
      { kind: 'socket', state: 'open', count: 2, waitsFor: 'peer a' },
      { kind: 'socket', state: 'open', count: 3, waitsFor: 'peer b' },
      { kind: 'socket', state: 'open', count: 4, waitsFor: 'peer a' },
    ],
    findings,
  )
  t.strictSame(
    drafts.map(({ kind, count, wait, waitsFor }) => [
      kind,
      count,
      wait?.minMs,
      wait?.maxMs,
      waitsFor,
    ]),
    [
      ['timer', 2, 3, 8, 'timer, fires in 2 to 30 ms'],
      ['timer', 1, 1, 1, 'timer, due now'],
      ['timer', 1, 1, 1, 'timer, fires in 7 ms'],
      ['socket', 6, undefined, undefined, 'peer a'],
      ['socket', 3, undefined, undefined, 'peer b'],
    ],
  )
  t.end()
})

t.test('frames of another form are left out', (t) => {
  t.strictSame(framesOf([['f', '/a.js', 1, 2, 1], ['g'], 7, ['h', '/a.js', -1, 0.5, 0]]), [
    { function: 'f', url: '/a.js', line: 1, column: 2, isAsync: true },
    { function: 'h', url: '/a.js', line: 0, column: 0 },
  ])
  t.strictSame(framesOf(undefined), [])
  t.equal(framesOf([['f'.repeat(1000), '', 1, 1, 0]])[0]?.function.length, 500)
  t.end()
})
