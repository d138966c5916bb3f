// Rules over real processes: planted trouble fires them once a window, and nothing else does.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { CaptureError } from '../../../src/errors.ts'
import { decodeProfile } from '../../../src/pprof/decode-profile.ts'
import { spawnProfilable, until } from '../../e2e/profilable.ts'
import { listeningPorts } from '../../fixtures/support/listeners.ts'
import { spawnTarget } from '../../fixtures/support/spawn-target.ts'
import { aProfile, ruleOf, startRules } from './ruled.ts'

t.setTimeout(120_000)

t.test('a process that burns CPU is profiled once, its idle neighbour never', async (t) => {
  const [busy, idle] = await Promise.all([
    spawnProfilable(t, 'busy.cjs'),
    spawnProfilable(t, 'idle.cjs'),
  ])
  const folder = t.testdir()
  const rule = ruleOf({ when: { cpu: 0.1 }, for: 1 })
  const started = await startRules(t, {
    rules: [rule],
    processes: { busy: busy.pid, idle: idle.pid },
    folder,
  })
  const { rules, log } = started
  await until(
    'it has captured',
    () => log.some(({ message }) => message === 'rule captured'),
    60_000,
  )
  // Several windows pass: the cooldown holds.
  await until(
    'it waits for its cooldown',
    async () => stateOf(await rules.report(), 'busy') === 'cooldown',
    30_000,
  )
  t.match(started.taken, [/^rule hot: CPU \d\.\d\d cores over [12] s, at or above 0\.10 cores$/])
  t.equal(started.taken.length, 1)
  const files = readdirSync(`${folder}/captures/hot`)
  t.match(files, [new RegExp(`^2.*Z-busy-${busy.pid}-profile\\.pb\\.gz$`)])
  const file = `${folder}/captures/hot/${files[0]}`
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.equal(statSync(`${folder}/captures/hot`).mode & 0o777, 0o700)
  t.equal(statSync(`${folder}/rules.json`).mode & 0o777, 0o600)
  const { stringTable } = decodeProfile(gunzipSync(readFileSync(file)))
  t.ok(
    stringTable.some((text) => text.includes('burnSixty')),
    'it is of the program',
  )
  t.same(await listeningPorts(busy.pid), [], 'its inspector is closed')
  t.equal(idle.stderr.text(), '', 'nobody signalled it')

  const [report] = await rules.report()
  t.match(report, {
    rule: 'hot',
    trigger: 'cpu',
    threshold: 0.1,
    windowSeconds: 1,
    action: 'profile of 10 s',
    limits: { usedBytes: statSync(file).size },
  })
  const [ofBusy, ofIdle] = report?.targets ?? []
  t.match(ofBusy, {
    target: 'busy',
    why: /^CPU .* at or above 0\.10 cores, but the cooldown of 300 s has not passed$/,
    next: /^takes profile of 10 s to disk when CPU is 0\.10 cores or more for 1 s, in \d+ s at the earliest$/,
    lastFired: { ok: true, outcome: file },
    budget: { left: 2, of: 3, nextAt: /^20/ },
  })
  t.match(ofIdle, {
    target: 'idle',
    why: /, below 0\.10 cores$/,
    lastFired: null,
    budget: { left: 3 },
  })
  t.match(await rules.report({ processesOf: 'nobody', deny: [] }), [
    { targets: [], limits: { usedBytes: null }, note: /^none of your processes/ },
  ])

  await rules.end()
  const again = await startRules(t, {
    rules: [{ ...rule, cooldown: 0, atMost: 1 }],
    processes: { busy: busy.pid },
    folder,
  })
  await until(
    'a new pprofd knows the budget',
    async () => stateOf(await again.rules.report(), 'busy') === 'budget',
    30_000,
  )
  t.same(again.taken, [])
})

t.test(
  'memory that grows fires at its threshold; failures are told and cost no budget',
  async (t) => {
    const leaky = await spawnTarget(t, 'leaky.cjs', { nodeArguments: ['--inspect-port=0'] })
    const folder = t.testdir()
    const { rss } = {
      rss:
        Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${leaky.pid}/status`, 'utf8'))?.[1]) *
        1024,
    }
    let nowMs = Date.now()
    let isBusy = true
    const rule = ruleOf({
      name: 'grows',
      targets: ['leaky'],
      when: { memoryBytes: rss + 8 * 1_048_576 },
      for: 1,
      do: 'heap',
      cooldown: 0,
    })
    const { rules, taken, log } = await startRules(t, {
      rules: [rule],
      processes: { leaky: leaky.pid },
      folder,
      nowMs: () => nowMs,
      take: async (target) => {
        if (isBusy)
          throw new CaptureError('captures-exhausted', '4 captures of this target run already')
        return aProfile(target, new Uint8Array(100))
      },
    })
    await until('it is refused', () => taken.length === 1, 60_000)
    await until(
      'it says so',
      async () => stateOf(await rules.report(), 'leaky') === 'failed',
      30_000,
    )
    const [refused] = await rules.report()
    t.match(refused?.targets, [
      {
        why: /^resident memory .* but the last attempt failed: 4 captures of this target run already \(captures-exhausted\)$/,
        budget: { left: 3, nextAt: new Date(nowMs + 30_000).toISOString() },
      },
    ])
    isBusy = false
    nowMs += 30_000
    await until('it is taken', () => log.some(({ message }) => message === 'rule captured'), 30_000)
    t.equal(log.filter(({ message }) => message === 'rule could not capture').length, 1)
    const [report] = await rules.report()
    t.match(report?.targets, [{ budget: { left: 2 }, lastFired: { ok: true } }])
    await rules.end()
  },
)

function stateOf(
  report: Awaited<ReturnType<Awaited<ReturnType<typeof startRules>>['rules']['report']>>,
  target: string,
) {
  return report.flatMap(({ targets }) => targets).find((one) => one.target === target)?.state
}
