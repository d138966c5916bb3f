import t from 'tap'
import { recordGoroutines } from '../../src/captures/goroutine.ts'
import { promisesPauseMs, suspended } from '../../src/captures/goroutine-promises.ts'
import { nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { isAsBefore, newTargets, targetOf } from '../targets/new-targets.ts'
import { assertSeen, countOf, expectationsOf, holdsInOrder } from './zoo.ts'

const nodeArguments = ['--inspect-port=0']

t.setTimeout(300_000)

/** What counting promises cannot tell right; the census can. */
const gaps = ['a promise that several await', 'then, catch and finally', 'events.once']

for (const major of nodeMajors) {
  const { path: node = '', reason } = await nodeBinary(major)
  const skip = reason ?? false

  t.test(`finds suspended functions of Node ${major} by their promises`, { skip }, async (t) => {
    const targets = newTargets(t)
    const spawned = await spawnTarget(t, 'zoo-awaits.cjs', { node, nodeArguments })
    const target = await targetOf(targets, spawned)
    const recording = await recordGoroutines(targets, target, { promises: true, budgetMs: 500 })
    const { entries, cuts, notes, census } = recording
    t.strictSame({ cuts, census }, { cuts: [], census: 'promises' })
    t.match(notes, [/upper bound/])
    // Of a promise it is not known whether a generator made it.
    const expected = expectationsOf(spawned).map((each) => ({ ...each, kind: 'async-function' }))
    assertSeen(
      t,
      recording,
      expected.filter(({ name, stack }) => !gaps.includes(name) && stack.length > 1),
    )
    for (const { name, stack, count } of expected) {
      const found = entries.filter((entry) => holdsInOrder(entry.stack, stack))
      const seen = countOf(found)
      if (name === gaps[0]) t.equal(seen, 0, `${name}: V8 does not tell who they are`)
      else t.ok(seen >= count, `${name}: ${seen} of ${count}`)
    }
    await isAsBefore(t, spawned)
  })
}

t.test('refuses when it would stop the target for too long', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'zoo-awaits.cjs', { nodeArguments })
  const target = await targetOf(targets, spawned)
  await t.rejects(recordGoroutines(targets, target, { promises: true, maxPauseMs: 50 }), {
    code: 'pause-too-long',
    message: /would stop it for about \d+ ms, and limits\.maxPauseMs is 50/,
  })
  const recording = await recordGoroutines(targets, target, { promises: true, maxPauseMs: 5000 })
  t.equal(recording.census, 'promises')
  t.equal(promisesPauseMs(45e6), 980)
})

t.test('a chain that another one goes on with is not counted again', (t) => {
  const leaf = ['leaf', '/a.js', 1, 1, 1]
  const middle = ['middle', '/a.js', 2, 1, 1]
  const top = ['top', '/a.js', 3, 1, 1]
  const all = ['Promise.all (index 0)', '', 0, 0, 1]
  const counts = [
    [9, []],
    [5, [leaf, middle, top]],
    [5, [middle, top]],
    [7, [top]],
    [2, [all, top]],
    [0, [leaf]],
    'nonsense',
    [1, 'nonsense'],
  ]
  const drafts = suspended(counts, 3)
  t.match(
    drafts.map(({ count, stack, elided }) => [count, stack.length, elided]),
    [[5, 3, true]],
  )
  t.strictSame(suspended('nonsense', 3), [])
  t.end()
})
