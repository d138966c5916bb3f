import t from 'tap'
import { ownersOnly } from '../../src/access/access-rules.ts'
import { aliceUid, getAs, otherUsersMissing } from '../fixtures/support/as-user.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { configured, until } from '../targets/new-targets.ts'
import { listenAnywhere, startApp } from './start-app.ts'

interface Answer {
  readonly watched: readonly object[]
  readonly stalls: readonly {
    readonly notes: readonly string[]
    readonly stacks: readonly object[]
    readonly durationMs: number
  }[]
}

t.test('lists what is watched and what was seen, to those who may see it', async (t) => {
  const { pid, send } = await spawnTarget(t, 'stalls.cjs')
  const started = startApp(t, {
    targets: { configured: [configured('app', { pid, signal: false })], discover: false },
    stalls: { thresholdMs: 200, cooldownMs: 0, perHour: 100 },
    access: { ...ownersOnly, guestUids: new Set([aliceUid]) },
  })
  const url = `http://127.0.0.1:${await listenAnywhere(started.app)}`
  const answer = async () => (await (await fetch(`${url}/stalls`)).json()) as Answer
  t.ok(await until(async () => (await answer()).watched.length === 1))
  t.same(await answer(), {
    thresholdMs: 200,
    watched: [{ target: 'app', name: 'app', pid, detectedBy: 'loop' }],
    stalls: [],
  })
  for (const line of ['exec 700', 'spin 700']) {
    const before = (await answer()).stalls.length
    send(line)
    t.ok(await until(async () => (await answer()).stalls.length > before), line)
  }
  const { stalls } = await answer()
  t.match(stalls.at(-1), {
    target: 'app',
    pid,
    ended: true,
    stacks: [],
    waitsFor: /child \d+ sleep/,
  })
  const [newest] = stalls
  t.match(newest?.notes, [/^no stack: .*signal/], 'it may not be signalled')
  t.same(newest?.stacks, [])
  t.ok(newest && newest.durationMs >= 500, `${newest?.durationMs} ms`)
  t.match(started.log.at(-1), { msg: /^the event loop was blocked for \d+ ms$/, target: 'app' })
  if ((await otherUsersMissing()) !== undefined) return
  const { text } = await getAs(aliceUid, `${url}/stalls`)
  t.same(JSON.parse(text), { thresholdMs: 200, watched: [], stalls: [] }, "others' are not shown")
})
