// What several functions wait for, what waits for nobody, and what will never end: with exact numbers.
import type { Census, CensusGroup } from '../../src/census/census.ts'
import { takeCensus } from '../../src/census/take-census.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { groupText, stackText } from './group-text.ts'
import { onEveryNode } from './on-every-node.ts'

const maxBytes = 2 ** 30

const circle = '1 async-function awaiting: circleOne 40:3 < circleTwo 43:3 < (awaited in a circle)'
const mainThread = [
  '1 async-function awaiting: (anonymous) 81:25',
  '1 async-function awaiting: Pool.#acquire 73:26 < Pool.lock 78:14 < Pool.create 75:12',
  '1 async-function awaiting: Pool.(anonymous) 84:5',
  '1 async-function awaiting: awaitsCallback 70:3',
  '1 async-function awaiting: awaitsEvent 63:3',
  '1 async-function awaiting: awaitsTimer 66:3',
  circle,
  '1 async-function awaiting: circleOne 40:3 < outside 48:3',
  '1 async-function awaiting: connect 19:3 < Promise.all (index 1) < secondUser 26:3',
  `1 async-function awaiting: ${Array(100).fill('recursive 91:3').join(' < ')} < ...`,
  '1 async-function awaiting: task 29:3 < Promise.any (index 1) < fastest 35:3',
  '1 async-function awaiting: task 29:3 < awaitsSubclass 52:3',
  '1 async-function awaiting: task 29:3 < awaitsThenable 56:3',
  '1 async-function awaiting: task 29:3 < inStorage 59:3',
  '1 async-generator yielded: stopped 100:3',
  '1 generator not started: notBegun 96:1',
  '1 generator yielded: begun 94:3',
  '100 async-function awaiting: task 29:3 < Promise.all (index 0 to 99) < allTasks 32:3',
  '2 async-function awaiting: connect 19:3 < firstUser 23:3',
  '3 async-function awaiting: awaitsReady 16:3',
]

await onEveryNode('counts every way from a promise to those that await it', async (t, node) => {
  const { pid } = await spawnTarget(t, 'await-shared.cjs', { node })
  const census = await takeCensus({ pid, maxBytes })
  t.strictSame(textsOf(census, 'main', 0), mainThread)
  t.equal(census.cycles, 3, 'one circle in each thread')
  t.ok(census.groups.every(({ count, minCount }) => count === minCount))
  const threads = census.isolates.map(({ thread, number }) => `${thread} ${number}`).sort()
  t.strictSame(threads, ['main 0', 'worker 1', 'worker 2'])
  t.equal(new Set(census.isolates.map(({ threadId }) => threadId)).size, 3)
  for (const number of [1, 2]) {
    t.strictSame(textsOf(census, 'worker', number), [
      circle,
      '1 async-function awaiting: connect 19:3',
      `${number} async-function awaiting: inWorker 104:3`,
    ])
  }
})

await onEveryNode('lists a module that waits at its top level', async (t, node) => {
  const { pid } = await spawnTarget(t, 'await-module.mjs', { node })
  const census = await takeCensus({ pid, maxBytes })
  t.strictSame(textsOf(census, 'main', 0), [
    '1 async-function awaiting: (anonymous) 13:19',
    '1 async-function awaiting: inArrow 6:3',
  ])
  const nodes = census.groups.find(({ stack }) => stack[0]?.url.startsWith('node:'))
  t.equal(nodes?.stack[0]?.line, 0, "Node's own code is in no file")
})

/** Of the program, not of Node itself. */
function textsOf(
  { groups, isolates }: Census,
  thread: 'main' | 'worker',
  number: number,
): readonly string[] {
  const index = isolates.findIndex((each) => each.thread === thread && each.number === number)
  return groups
    .filter((group) => group.isolate === index && isOfProgram(group))
    .map(groupText)
    .sort()
}

function isOfProgram(group: CensusGroup): boolean {
  return group.stack.some(({ url }) => /await-(shared|module)/.test(url)) || stackText(group) === ''
}
