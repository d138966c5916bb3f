// Beside the stack that V8 itself tells in every one of these functions: the same functions, lines and
// columns, on every version.
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Census } from '../../src/census/census.ts'
import { takeCensus } from '../../src/census/take-census.ts'
import { checkout } from '../fixtures/support/checkout.ts'
import { nodeMajors } from '../fixtures/support/node-binaries.ts'
import { type SpawnTargetOptions, spawnTarget } from '../fixtures/support/spawn-target.ts'
import { groupText, stackText } from './group-text.ts'
import { onEveryNode } from './on-every-node.ts'

const maxBytes = 2 ** 30
const preload = join(checkout, 'test/fixtures/targets/await-hooks.cjs')

/** What V8 shows in another place, or not any more: the await that closes a loop, at what left it. */
const otherwise: Readonly<Record<string, string>> = {
  forAwaitClose: 'leaf 12:3 < forAwaitClose 123:30',
  // The function in between has ended: its promise is that of the leaf by now.
  returned: 'leaf 12:3 < returned 160:26',
}

const variants = [
  { what: 'as it is', nodeArguments: [], majors: nodeMajors },
  {
    what: 'with async hooks and stores',
    nodeArguments: ['--require', preload],
    majors: nodeMajors,
  },
  {
    what: 'with a collector that always compacts',
    nodeArguments: ['--stress-compaction'],
    majors: [24],
  },
  { what: 'on a single thread', nodeArguments: ['--single-threaded'], majors: [24] },
] as const

for (const { what, nodeArguments, majors } of variants) {
  await onEveryNode(
    `${what}: every form of waiting has the stack that V8 knows`,
    async (t, node) => {
      const { census, expected } = await censusOfZoo(t, { node, nodeArguments })
      t.strictSame(leavesOf(census), expected)
      t.strictSame(idleOf(census), [
        '1 async-generator not started: ticker 178:1',
        '1 async-generator yielded: ticker 178:28',
        '1 generator not started: counter 175:1',
        '1 generator yielded: counter 175:23',
      ])
      t.ok(census.groups.every(({ count, minCount }) => count === 1 && minCount === 1))
      const frames = census.groups.flatMap(({ stack }) => stack)
      // What is torn here is dead: it has ended, and its memory was not swept yet.
      const living = census.suspended - census.torn
      t.equal(living, frames.filter(({ isAsync }) => isAsync).length)
      t.strictSame([census.cycles, census.stoppedMs], [0, 0])
    },
    majors,
  )
}

t.test('names a method with its class, and says what it is suspended at', async (t) => {
  const { census } = await censusOfZoo(t, {})
  const methods = census.groups.map(stackText).filter((text) => text.includes('Repository'))
  t.strictSame(methods.sort(), [
    'leaf 12:3 < Repository.#private 163:32 < Repository.hidden 166:24',
    'leaf 12:3 < Repository.(anonymous) 167:48',
    'leaf 12:3 < Repository.(anonymous) 168:26',
    'leaf 12:3 < Repository.find 164:22',
    'leaf 12:3 < Repository.open 165:29',
  ])
  const frames = census.groups.flatMap(({ stack }) => stack)
  const kinds = new Set(frames.filter(({ isAsync }) => isAsync).map(({ at }) => at))
  t.strictSame([...kinds].sort(), ['await', 'start', 'yield'])
  t.ok(frames.every(({ url, isAsync }) => url.endsWith('/await-zoo.cjs') === isAsync))
})

async function censusOfZoo(
  t: Test,
  options: SpawnTargetOptions,
): Promise<{ readonly census: Census; readonly expected: readonly string[] }> {
  const target = await spawnTarget(t, 'await-zoo.cjs', options)
  const { stacks } = target.ready as unknown as { stacks: Record<string, string[]> }
  const census = await takeCensus({ pid: target.pid, maxBytes })
  const expected = Object.entries(stacks).map(
    ([name, frames]) => otherwise[name] ?? ['leaf 12:3', ...frames].join(' < '),
  )
  return { census, expected: expected.sort() }
}

/** Without the class before a method, which V8 spells in several ways. */
function leavesOf({ groups }: Census): readonly string[] {
  const waiting = groups.filter(({ stack }) => stack[0]?.function === 'leaf')
  return waiting.map((group) => stackText(group).replaceAll('Repository.', '')).sort()
}

function idleOf({ groups }: Census): readonly string[] {
  return groups
    .filter(({ kind }) => kind !== 'async-function')
    .map(groupText)
    .sort()
}
