import t from 'tap'
import { censusNotes, suspendedGroups } from '../../src/captures/goroutine-census.ts'
import type { Census, CensusGroup } from '../../src/census/census.ts'

function group(
  name: string,
  count: number,
  minCount: number,
  { isolate = 0, glanced = 0 } = {},
): CensusGroup {
  const frame = { function: name, url: '/app.js', line: 1, column: 1, isAsync: true, at: 'await' }
  const stack = [frame as CensusGroup['stack'][number]]
  return {
    kind: 'async-function',
    state: 'awaiting',
    elided: false,
    isolate,
    count,
    minCount,
    glanced,
    stack,
  }
}

const census: Census = {
  groups: [
    group('still', 5, 5),
    group('moves', 7, 4),
    group('once', 3, 0),
    group('alone', 4, 0, { glanced: 4 }),
    group('job', 1, 1, { isolate: 1 }),
  ],
  isolates: [
    { thread: 'main', number: 0, threadId: 10 },
    { thread: 'worker', number: 1, threadId: 12 },
  ],
  suspended: 16,
  torn: 2,
  cycles: 1,
  passes: 2,
  glances: 'part',
  isEachGlanced: false,
  heapBytes: 1,
  bytesRead: 1,
  durationMs: 1,
  stoppedMs: 0,
}

t.test('what only one of two readings saw is left out, and told', async (t) => {
  const groups = suspendedGroups(census, ['pool#3'])
  t.strictSame(
    groups.map(({ thread, count, stack }) => [stack[0]?.function, thread, count]),
    [
      ['still', 'main', 5],
      ['moves', 'main', 7],
      ['alone', 'main', 4],
      ['job', 'pool#3', 1],
    ],
  )
  t.match(censusNotes(census), [
    /: 1 stacks differ, by 3 in all/,
    /: 4 suspended functions in 1 stacks were looked at one by one, until the target collected/,
    /^3 suspended functions in 1 stacks are left out: the target worked meanwhile/,
    /^2 suspended functions are missing/,
    /: 1 such circles$/,
  ])
  t.match(censusNotes({ ...census, groups: [], torn: 0, cycles: 0, stoppedMs: 4.2 }), [
    'the target was stopped for 4 ms',
  ])
})

t.test('where workers came or went meanwhile their names are unknown', async (t) => {
  const names = suspendedGroups(census, []).map(({ thread }) => thread)
  t.strictSame(names, ['main', 'main', 'main', 'unknown thread 1'])
})
