// Rules over real processes: planted trouble fires them once a window, and nothing else does.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { CaptureError } from '../../../src/errors.ts'
import { decodeProfile } from '../../../src/pprof/decode-profile.ts'
import { missingPart, runAction } from '../../../src/recorder/rules/rule-action.ts'
import { RuleBook } from '../../../src/recorder/rules/rule-book.ts'
import { RuleFolder } from '../../../src/recorder/rules/rule-folder.ts'
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

t.test('one capture of a target at a time and two of all; a stop gives them back', async (t) => {
  const names = ['one', 'two', 'three']
  const spawned = await Promise.all(names.map(() => spawnProfilable(t, 'idle.cjs')))
  const processes = Object.fromEntries(names.map((name, i) => [name, spawned[i]?.pid ?? 0]))
  const when = { memoryBytes: 1_048_576 }
  const folder = t.testdir()
  const rules = [ruleOf({ name: 'a', when, for: 1 }), ruleOf({ name: 'b', when, for: 1 })]
  let running = 0
  const started = await startRules(t, {
    rules,
    processes,
    folder,
    take: async (_target, { signal }) => {
      running += 1
      await new Promise((resolve) => signal?.addEventListener('abort', resolve))
      running -= 1
      throw new CaptureError('capture-aborted', 'pprofd is stopping')
    },
  })
  await until('two run', () => running === 2, 60_000)
  // Whatever fires in the next turns has to wait.
  await until('the others wait', async () => {
    const states = (await started.rules.report()).flatMap(({ targets }) => targets)
    return states.filter(({ state }) => state === 'waiting').length === 4
  })
  t.equal(running, 2)
  const report = (await started.rules.report()).flatMap(({ rule, targets }) =>
    targets.map(({ why, state }) => `${rule} ${state}: ${why}`),
  )
  t.equal(report.filter((text) => /^a capturing: takes profile of 10 s now$/.test(text)).length, 2)
  t.equal(
    report.filter((text) => /^b waiting: .*, but rule a captures it now$/.test(text)).length,
    2,
  )
  t.equal(report.filter((text) => /but 2 captures of rules run already$/.test(text)).length, 2)
  await started.rules.end()
  t.equal(running, 0)
  const book = new RuleBook(folder)
  await book.load(Date.now())
  for (const name of names) t.match(book.firings('a', name), { atMs: [], failures: 0 }, name)
})

t.test('what an action brings is told, and what stands in its way before', async (t) => {
  const target = await (
    await startRules(t, { rules: [], processes: { self: process.pid }, folder: t.testdir() })
  ).targets.resolve('self')
  const profile = aProfile(target, new Uint8Array(70_000))
  const disk = new RuleFolder(t.testdir())
  const hands = { take: async () => profile, last: async () => undefined }
  const asked = { target, reason: 'why not', signal: new AbortController().signal }
  const pushed: unknown[] = []
  const push = { put: async (one: unknown) => void pushed.push(one) }
  const when = { cpu: 1 }
  t.match(
    await runAction(ruleOf({ when, to: ['disk', 'push'] }), asked, {
      hands,
      outlets: { disk, push },
    }),
    { ok: true, taken: true, words: /hot\/2.*; handed to push$/ },
  )
  t.same(pushed, [profile])
  const full = ruleOf({ when, maxBytes: 65_536 })
  t.match(await runAction(full, asked, { hands, outlets: { disk } }), {
    ok: false,
    taken: true,
    words: 'disk failed: it has 70000 bytes, but maxBytes of the rule allows 65536',
  })
  t.match(await runAction(ruleOf({ when, do: 'last' }), asked, { hands, outlets: { disk } }), {
    taken: false,
    words: /^the flight recorder has nothing of this target/,
  })
  t.equal(missingPart(ruleOf({ when }), undefined, {}), 'this pprofd only watches')
  t.match(
    missingPart(ruleOf({ when, do: 'last' }), { take: hands.take }, { disk }),
    /record\.continuous/,
  )
  t.match(missingPart(ruleOf({ when, to: ['push'] }), hands, { disk }), /an engine to push to/)
  t.match(missingPart(ruleOf({ when }), hands, {}), /a state folder/)
  t.equal(missingPart(ruleOf({ when }), hands, { disk }), undefined)
})

t.test(
  'a list of targets and a state folder that fail are told once, and nothing is captured',
  async (t) => {
    const [idle] = await Promise.all([spawnProfilable(t, 'idle.cjs')])
    const folder = t.testdir({ state: 'no folder' })
    let fails = true
    const { log, rules, targets, taken } = await startRules(t, {
      rules: [ruleOf({ when: { memoryBytes: 1_048_576 }, for: 1 })],
      processes: { idle: idle.pid },
      folder: `${folder}/state`,
      intervalMs: 50,
      listTargets: async () => {
        if (fails) throw new Error('no list')
        return targets.list()
      },
    })
    const said = (message: string) => log.filter((line) => line.message === message).length
    await until('it fails', () => said('rules cannot look at the targets') === 1)
    fails = false
    await until('it fires in vain', () => said('rule could not capture') === 1, 60_000)
    await until(
      'its window is full again',
      async () => stateOf(await rules.report(), 'idle') === 'failed',
      30_000,
    )
    t.match(await rules.report(), [
      {
        targets: [
          { state: 'failed', lastFired: { outcome: 'the state folder cannot be written to' } },
        ],
      },
    ])
    t.equal(said('rules cannot look at the targets'), 1)
    t.same(taken, [])
  },
)

function stateOf(
  report: Awaited<ReturnType<Awaited<ReturnType<typeof startRules>>['rules']['report']>>,
  target: string,
) {
  return report.flatMap(({ targets }) => targets).find((one) => one.target === target)?.state
}
