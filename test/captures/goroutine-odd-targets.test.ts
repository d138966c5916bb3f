import t from 'tap'
import { recordGoroutines } from '../../src/captures/goroutine.ts'
import { coveragePauseMs } from '../../src/captures/script-urls.ts'
import { nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { isAsBefore, newTargets, targetOf } from '../targets/new-targets.ts'
import { countOf } from './zoo.ts'

const nodeArguments = ['--inspect-port=0']

t.setTimeout(300_000)

for (const major of nodeMajors) {
  const { path: node = '', reason } = await nodeBinary(major)
  const skip = reason ?? false

  t.test(`changes nothing in a Node ${major} with globals of its own`, { skip }, async (t) => {
    const targets = newTargets(t)
    const spawned = await spawnTarget(t, 'odd-globals.cjs', { node, nodeArguments })
    const target = await targetOf(targets, spawned)
    const options = { budgetMs: 10_000, maxLocateMs: 1000 }
    const { entries, cuts, notes } = await recordGoroutines(targets, target, options)
    t.strictSame(cuts, [])
    t.match(notes.join('\n'), /^main: Node's immediateQueue is out of reach: what it lists is left/)
    t.notMatch(notes.join('\n'), /failed|unknown/)
    t.match(entries[0], { kind: 'running', state: 'idle' })
    const timers = entries.filter(({ kind }) => kind === 'timer')
    t.equal(countOf(timers), 20_001)
    t.ok(
      timers.some(({ stack }) => stack.length === 0),
      'the hostile callback is left alone',
    )
    spawned.send('check')
    t.equal(await spawned.stdout.waitFor(/changed/), 'unchanged')
    await isAsBefore(t, spawned)
  })
}

t.test('says what it left out when the time was up, or the list full', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'odd-globals.cjs', { nodeArguments })
  const target = await targetOf(targets, spawned)
  const late = await recordGoroutines(targets, target, { budgetMs: 1 })
  const cut = late.cuts.find(({ what }) => what === 'timers')
  t.ok(cut !== undefined && cut.shown < 20_001 && cut.total >= 20_001, JSON.stringify(late.cuts))
  const full = await recordGoroutines(targets, target, { budgetMs: 1000, maxEntries: 0 })
  t.strictSame(
    full.cuts.map(({ what, shown }) => [what, shown]),
    full.cuts.map(({ what }) => [what, 0]),
  )
  t.ok(
    full.cuts.some(({ what }) => what !== 'timers'),
    JSON.stringify(full.cuts),
  )
})

t.test('leaves the files of callbacks out where asking would take too long', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'idle.cjs', { nodeArguments })
  const target = await targetOf(targets, spawned)
  const { entries, notes } = await recordGoroutines(targets, target, { maxLocateMs: 1 })
  t.match(notes, [/^main: the files of callbacks are left out: .* would stop it for about \d+ ms$/])
  const frames = entries.flatMap(({ stack }) => stack)
  t.ok(frames.length > 0 && frames.every(({ url }) => url === ''))
  t.ok(
    frames.some(({ line }) => line > 0),
    'their lines are known',
  )
  t.equal(coveragePauseMs(10e6, 50e6), 168)
})

t.test('gives up when it is told to, and is refused where the configuration says so', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'idle.cjs', { nodeArguments })
  const target = await targetOf(targets, spawned)
  const controller = new AbortController()
  const onPhase = (phase: string) => {
    if (phase === 'recording') controller.abort()
  }
  await t.rejects(recordGoroutines(targets, target, { signal: controller.signal, onPhase }), {
    code: 'capture-aborted',
  })
  await t.rejects(recordGoroutines(targets, { ...target, profiles: ['profile'] }), {
    code: 'target-forbidden',
  })
  await isAsBefore(t, spawned)
})
