import t from 'tap'
import type { SuspendedGroup } from '../../src/captures/goroutine-census.ts'
import type { Entry, Frame } from '../../src/captures/goroutine-entry.ts'
import { joinCensus } from '../../src/captures/join-census.ts'

type Work = Omit<Entry, 'id'>

function at(name: string, line: number, url = '/app.js'): Frame {
  return { function: name, url, line, column: 3, isAsync: true }
}

const sleep = at('sleep', 1)
const poll = at('poll', 2)
const main = at('main', 3)
const callback: Frame = { function: 'onTick', url: '/app.js', line: 9, column: 1 }

function group(stack: readonly Frame[], count: number, more: Partial<SuspendedGroup> = {}) {
  const usual = {
    kind: 'async-function',
    state: 'awaiting',
    thread: 'main',
    elided: false,
  } as const
  return { ...usual, stack, count, ...more }
}

function timer(stack: readonly Frame[], count: number, more: Partial<Work> = {}): Work {
  return { thread: 'main', kind: 'timer', state: 'waiting', stack, count, ...more }
}

/** Kind, count and functions of each. */
function told(work: readonly Work[], groups: readonly SuspendedGroup[]): readonly string[] {
  return joinCensus(work, groups).map(
    ({ kind, count, stack }) => `${count} ${kind} ${stack.map((f) => f.function).join(' ')}`,
  )
}

t.test('an operation explains as many suspended functions as it stands for', async (t) => {
  const cases: readonly [string, readonly Work[], readonly SuspendedGroup[], readonly string[]][] =
    [
      ['all', [timer([sleep, poll], 5)], [group([sleep, poll], 5)], ['5 timer sleep poll']],
      [
        'some',
        [timer([sleep], 2)],
        [group([sleep, poll], 5)],
        ['2 timer sleep poll', '3 async-function sleep poll'],
      ],
      [
        'more than there were a moment ago',
        [timer([sleep], 7)],
        [group([sleep], 5)],
        ['7 timer sleep'],
      ],
      [
        'its callback stays, and farther awaiters come from the census',
        [timer([callback, sleep], 1)],
        [group([sleep, poll, main], 1)],
        ['1 timer onTick sleep poll main'],
      ],
      [
        'several groups may be meant',
        [timer([sleep], 1)],
        [group([sleep, poll], 1), group([sleep, main], 1)],
        ['1 timer sleep', '1 async-function sleep poll', '1 async-function sleep main'],
      ],
      [
        'another thread',
        [timer([sleep], 1)],
        [group([sleep], 1, { thread: 'worker#1' })],
        ['1 timer sleep', '1 async-function sleep'],
      ],
      [
        'another awaiter',
        [timer([sleep, main], 1)],
        [group([sleep, poll], 1)],
        ['1 timer sleep main', '1 async-function sleep poll'],
      ],
      [
        'what runs is not suspended',
        [timer([sleep], 1, { kind: 'running' })],
        [group([sleep], 1)],
        ['1 running sleep', '1 async-function sleep'],
      ],
      ['no awaiters', [timer([callback], 1)], [], ['1 timer onTick']],
    ]
  for (const [name, work, groups, expected] of cases)
    t.strictSame(told(work, groups), expected, name)
})

t.test('places in the code of Node and combinators are compared by name', async (t) => {
  const probed = [
    { ...at('open', 637, 'node:internal/fs/promises'), column: 25 },
    { function: 'Promise.all (index 2)', url: '', line: 0, column: 0, isAsync: true },
    main,
  ]
  const counted = [
    { ...at('FileHandle.open', 0, 'node:internal/fs/promises'), column: 0 },
    { function: 'Promise.all (index 0 to 9)', url: '', line: 0, column: 0 },
    main,
  ]
  const joined = joinCensus([timer(probed, 1)], [group(counted, 1, { elided: true })])
  t.strictSame(joined, [timer(probed, 1, { elided: true })], 'the lines of the probe are better')
})
