// The same against a server for longer, with figures: bench/census.mjs.
import t from 'tap'
import { takeCensus } from '../../src/census/take-census.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { stackText } from './group-text.ts'
import { onEveryNode } from './on-every-node.ts'
import { isPossible } from './possible-stacks.mjs'

const maxBytes = 2 ** 30
/** Of 1 s each, and more where the machine has other work. */
const runs = 2
const program = 'await-load.cjs'

await onEveryNode(
  `in ${runs} looks at a target that works and collects, no stack is wrong`,
  async (t, node) => {
    const { pid } = await spawnTarget(t, program, { node })
    const wrong = new Set<string>()
    for (let run = 0; run < runs; run++) {
      const { groups, suspended } = await takeCensus({ pid, maxBytes })
      const ofProgram = groups.filter(({ stack }) => !stack[0]?.url.startsWith('node:'))
      for (const group of ofProgram) if (!isPossible(stackText(group))) wrong.add(stackText(group))
      const waiting = ofProgram.find(({ stack }) => stack[0]?.function === 'forever')
      // A pass during a collection may miss some, which `minCount` then tells.
      t.equal(waiting?.count, 500, 'what stands still is exact')
      t.ok(suspended >= 1050)
    }
    t.strictSame([...wrong], [])
  },
)

t.test('the table of possible stacks tells wrong ones', async (t) => {
  t.ok(isPossible('slow 55:1'))
  t.ok(isPossible('handler 58:1 < client 65:1'))
  for (const wrong of [
    'slow 55:1 < client 65:1',
    'handler 12:1',
    'handler 60:1 < rows 41:1',
    'session 34:1 < rows 41:1',
  ]) {
    t.notOk(isPossible(wrong), wrong)
  }
})
