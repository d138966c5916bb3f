// What rules make of figures, over a /proc of plain files and with a clock that the test sets.
import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { LiveFiguresOf } from '../../../src/recorder/live-figures.ts'
import {
  budgetOf,
  noFirings,
  retryDelayMs,
  withFailure,
  withFiring,
} from '../../../src/recorder/rules/budget.ts'
import { actionWords, type Rule } from '../../../src/recorder/rules/rule.ts'
import { RuleBook } from '../../../src/recorder/rules/rule-book.ts'
import { RuleFolder } from '../../../src/recorder/rules/rule-folder.ts'
import { RuleWatch } from '../../../src/recorder/rules/rule-watch.ts'
import { withSeen } from '../../../src/recorder/rules/starts.ts'
import type { Target } from '../../../src/targets/target.ts'
import { aProfile, ruleOf } from './ruled.ts'

const startMs = Date.parse('2026-11-22T00:00:00Z')

/** A watch over processes that the test writes; a second passes between two looks. */
function watchOver(t: Test, rules: readonly Rule[], live?: LiveFiguresOf, stalls = false) {
  const proc = t.testdir({ uptime: '1000.00 0.00\n' })
  let elapsedMs = 0
  let targets: readonly Target[] = []
  const book = new RuleBook(undefined)
  const watch = new RuleWatch({
    rules,
    listTargets: async () => targets,
    book,
    procRoot: proc,
    live,
    watchesStalls: () => stalls,
    nowMs: () => startMs + elapsedMs,
    clockMs: () => elapsedMs,
  })
  /** Undefined figures: it is gone. */
  const look = async (figures: Figures, ms = 1000) => {
    elapsedMs += ms
    for (const [name, { pid, ...rest }] of Object.entries(figures))
      writeProcess(proc, pid, rest, name)
    targets = Object.entries(figures).map(([name, { pid }]) => aTarget(name, pid))
    const judged = await watch.look()
    return judged.map(({ target, verdict }) => `${target.id}: ${verdict.state}: ${verdict.why}`)
  }
  return { watch, look, book, nowMs: () => startMs + elapsedMs }
}

interface ProcessFigures {
  readonly pid: number
  readonly cpuMs?: number
  readonly residentMib?: number
  readonly openFiles?: number
  /** Since boot; the machine is up for 1000 s. */
  readonly startedSeconds?: number
}

type Figures = Readonly<Record<string, ProcessFigures>>

function writeProcess(
  proc: string,
  pid: number,
  { cpuMs = 0, residentMib = 50, openFiles, startedSeconds = 0 }: Omit<ProcessFigures, 'pid'>,
  name: string,
): void {
  const folder = join(proc, String(pid))
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, 'fd'), { recursive: true })
  const fields = [
    'S',
    1,
    1,
    1,
    0,
    -1,
    0,
    0,
    0,
    0,
    0,
    cpuMs / 10,
    0,
    0,
    0,
    20,
    0,
    9,
    0,
    startedSeconds * 100,
  ]
  writeFileSync(join(folder, 'stat'), `${pid} (${name}) ${fields.join(' ')} 0 0\n`)
  writeFileSync(join(folder, 'status'), `VmRSS:\t${residentMib * 1024} kB\nThreads:\t9\n`)
  writeFileSync(
    join(folder, 'limits'),
    'Max open files            100                  200                  files\n',
  )
  for (let fd = 0; fd < (openFiles ?? 0); fd += 1) writeFileSync(join(folder, 'fd', String(fd)), '')
}

function aTarget(name: string, pid: number): Target {
  return {
    id: name,
    instance: `${pid}-0-boot`,
    name,
    kind: pid === 0 ? 'port' : 'process',
    pid,
    startTimeTicks: 0n,
    executable: '/usr/bin/node',
    argv: ['node', `/srv/${name}.js`],
    workingDirectory: '/',
    uid: 0,
    port: undefined,
    configured: true,
    maySignal: true,
  }
}

t.test('CPU is the average of the window, and only of a whole one', async (t) => {
  const { look } = watchOver(t, [ruleOf({ when: { cpu: 0.9 }, for: 3 })])
  const at = (cpuMs: number) => look({ api: { pid: 7, cpuMs } })
  t.same(await at(0), ['api: filling: CPU is being read: too few readings yet'])
  t.same(await at(1000), [
    'api: filling: CPU 1.00 cores over 1 s, at or above 0.90 cores, but only 1.0 of 3 s have been watched',
  ])
  t.match(await at(1000), ['api: below: CPU 0.50 cores over 2 s, below 0.90 cores'])
  t.match(await at(2000), ['api: below: CPU 0.67 cores over 3 s, below 0.90 cores'])
  t.match(await at(3000), ['api: below: CPU 0.67 cores over 3 s, below 0.90 cores'])
  t.match(await at(4000), ['api: fires: CPU 1.00 cores over 3 s, at or above 0.90 cores'])
})

t.test('a time without readings begins the window anew', async (t) => {
  const { look } = watchOver(t, [ruleOf({ when: { memoryBytes: 1_048_576 }, for: 2 })])
  const api = { api: { pid: 7 } }
  await look(api)
  await look(api)
  t.match(await look(api), [/^api: fires/])
  t.match(await look(api, 60_000), [/only 0\.0 of 2 s/])
})

t.test('memory and open files count as what they never fell below', async (t) => {
  const { look } = watchOver(t, [
    ruleOf({ name: 'memory', when: { memoryBytes: 100 * 1_048_576 }, for: 2 }),
    ruleOf({ name: 'files', when: { openFilesShare: 0.8 }, for: 2 }),
    ruleOf({ name: 'count', when: { openFiles: 80 }, for: 2, match: 'nothing like that' }),
  ])
  await look({ api: { pid: 7, residentMib: 300, openFiles: 90 } })
  t.same(await look({ api: { pid: 7, residentMib: 90, openFiles: 95 } }), [
    'api: below: resident memory 90.0 MiB at the lowest in 1 s, below 100.0 MiB',
    'api: filling: open files of their limit 90.0 % at the lowest in 1 s, at or above 80.0 %, but only 1.0 of 2 s have been watched',
  ])
  t.same(await look({ api: { pid: 7, residentMib: 300, openFiles: 81 } }), [
    'api: below: resident memory 90.0 MiB at the lowest in 2 s, below 100.0 MiB',
    'api: fires: open files of their limit 81.0 % at the lowest in 2 s, at or above 80.0 %',
  ])
  t.match(await look({ api: { pid: 7, residentMib: 300 } }), [/^api: below/, /^api: below/])
  t.match(await look({ api: { pid: 7, residentMib: 300 } }), [
    /^api: fires: resident memory 300\.0 MiB/,
    /^api: below/,
  ])
})

t.test('what only a session can tell is unknown without one', async (t) => {
  let has = false
  const { look } = watchOver(
    t,
    [
      ruleOf({ name: 'heap', when: { heapShare: 0.9 }, for: 1 }),
      ruleOf({ name: 'busy', when: { loopUtilization: 0.9 }, for: 1 }),
      ruleOf({ name: 'late', when: { loopDelayMs: 200 }, for: 1 }),
    ],
    () =>
      has
        ? {
            usedHeapBytes: 95,
            heapLimitBytes: 100,
            loopUtilization: 0.5,
            loopDelayMs: { max: 250 },
            ageMs: 0,
          }
        : undefined,
  )
  const unknown = 'api: unknown: unknown: needs record.continuous, which asks the target itself'
  t.same(await look({ api: { pid: 7 } }), [unknown, unknown, unknown])
  has = true
  await look({ api: { pid: 7 } })
  t.match(await look({ api: { pid: 7 } }), [
    'api: fires: used heap of its limit 95.0 %',
    'api: below: event-loop utilization 50.0 % over 1 s',
    'api: fires: event-loop delay 250 ms at the highest in 1 s, at or above 200 ms',
  ])
})

t.test('the stall watch tells delays, too', async (t) => {
  const { look, watch } = watchOver(t, [ruleOf({ when: { loopDelayMs: 500 } })], undefined, true)
  const api = { api: { pid: 7 } }
  t.match(await look(api), ['api: below: event-loop delay 0 ms at the highest in 10 s'])
  await look(api, 500)
  watch.stalled({ instance: 'another' }, 9000)
  t.match(watch.judged(), [{ verdict: { state: 'below' } }])
  await look(api, 10)
  watch.startAnew({ instance: '7-0-boot' })
  watch.stalled({ instance: '7-0-boot' }, 2000)
  t.match(await look(api, 10), [/^api: fires: event-loop delay 2000 ms/])
})

t.test('an age fires once for a process that started under our eyes', async (t) => {
  const rule = ruleOf({ when: { ageSeconds: 20 }, do: 'trace' })
  const { look, book, nowMs } = watchOver(t, [rule])
  t.match(await look({ old: { pid: 7 } }), [
    /^old: done: age .* but it was older already when pprofd first saw it$/,
  ])
  const young = { api: { pid: 8, startedSeconds: 0 } }
  const { look: lookYoung } = watchOver(t, [{ ...rule, when: { ageSeconds: 990 } }])
  t.match(await lookYoung(young), [/^api: fires: age of the process 1000 s, at or above 990 s$/])
  book.setFirings(
    'hot',
    'old',
    withFiring(noFirings, rule, { instance: '7-0-boot', nowMs: nowMs() }),
  )
  t.match(await look({ old: { pid: 7 } }), [/^old: done/])
})

t.test('restarts are counted by name, across the processes that have it', async (t) => {
  const rule = ruleOf({ when: { restarts: 2 }, targets: ['api'], cooldown: 0 })
  const { look, book, nowMs } = watchOver(t, [rule])
  const at = (pid: number) => look({ api: { pid } }, 5000)
  t.match(await at(7), ['api: below: restarts 0 in the last 3600 s, below 2'])
  t.match(await at(8), ['api: below: restarts 1 in the last 3600 s, below 2'])
  t.same(await look({}, 5000), [])
  t.match(await at(9), ['api: fires: restarts 2 in the last 3600 s, at or above 2'])
  book.setFirings(
    'hot',
    'api',
    withFiring(noFirings, rule, { instance: '9-0-boot', nowMs: nowMs() }),
  )
  t.match(await at(9), [/^api: done: .* but it has fired for this process already$/])
  t.match(await at(10), [/^api: fires: restarts 3/])
})

t.test('a second worker of a service is no restart, the successor of one is', (t) => {
  const at = (instance: string) => ({ instance, startedAtMs: Number(instance) })
  const one = withSeen(undefined, [at('1')])
  const two = withSeen(one, [at('1'), at('2')])
  t.same(two.atMs, [])
  const three = withSeen(withSeen(two, [at('1')]), [at('1'), at('3')])
  t.match(three, { atMs: [3], last: '3', ended: 0 })
  t.end()
})

t.test(
  'a target that is known by its port only is unknown, and a new one begins anew',
  async (t) => {
    const { look, watch } = watchOver(t, [ruleOf({ when: { cpu: 1 } })])
    t.match(await look({ debugged: { pid: 0 } }), [/^debugged: unknown: .* known by its port only/])
    watch.rules = [ruleOf({ name: 'other', when: { cpu: 1 } })]
    t.match(await look({ api: { pid: 7 } }), [/^api: filling/])
    t.equal(watch.intervalMs, 2000)
  },
)

t.test('budgets are counted in a sliding time, failures are given back and retried later', (t) => {
  const rule = ruleOf({ when: { cpu: 1 }, atMost: 2, per: 100, cooldown: 10 })
  const fire = (before: typeof noFirings, nowMs: number) =>
    withFiring(before, rule, { instance: 'a', nowMs })
  t.same(budgetOf(rule, noFirings, 0), { left: 2, nextAtMs: 0, waitsFor: 'nothing' })
  const once = fire(noFirings, 1000)
  t.same(budgetOf(rule, once, 2000), { left: 1, nextAtMs: 11_000, waitsFor: 'cooldown' })
  t.same(budgetOf(rule, once, 11_000), { left: 1, nextAtMs: 0, waitsFor: 'nothing' })
  const twice = fire(once, 20_000)
  t.same(budgetOf(rule, twice, 50_000), { left: 0, nextAtMs: 101_000, waitsFor: 'budget' })
  t.same(budgetOf(rule, twice, 101_000), { left: 1, nextAtMs: 0, waitsFor: 'nothing' })
  const failed = withFailure(twice, 20_000, 30_000)
  t.same(budgetOf(rule, failed, 50_000), { left: 1, nextAtMs: 60_000, waitsFor: 'failure' })
  t.same([1, 2, 3, 9, 99].map(retryDelayMs), [30_000, 60_000, 120_000, 3_600_000, 3_600_000])
  t.end()
})

t.test(
  'what rules did is on disk, for its user only; what is broken is told and begins anew',
  async (t) => {
    const folder = join(t.testdir(), 'state')
    const rule = ruleOf({ when: { cpu: 1 } })
    const book = new RuleBook(folder)
    t.equal(await book.load(startMs), undefined, 'nothing is there yet')
    const last = { atMs: startMs, reason: 'CPU', outcome: 'kept', ok: true }
    book.setFirings('hot', 'api', {
      ...withFiring(noFirings, rule, { instance: 'a', nowMs: startMs + 5000 }),
      last,
    })
    book.setStarts('api', withSeen(undefined, [{ instance: 'a', startedAtMs: 1 }]))
    await Promise.all([book.save(), book.save()])
    const file = join(folder, 'rules.json')
    t.equal(statSync(file).mode & 0o777, 0o600)
    const read = new RuleBook(folder)
    t.equal(await read.load(startMs), undefined)
    t.match(
      read.firings('hot', 'api'),
      { atMs: [startMs], instances: ['a'], last },
      'no time to come is kept',
    )
    t.match(read.starts('api'), { instances: ['a'] })
    read.prune([rule], startMs + 86_000_000)
    t.equal(read.firings('hot', 'api').atMs.length, 1)
    read.prune([rule], startMs + 87_000_000)
    t.equal(read.firings('hot', 'api').atMs.length, 0)

    const whole = readFileSync(file, 'utf8')
    const broken = [
      whole.slice(0, 50),
      '[]',
      '{"version":2}',
      whole.replace('"a"', '7'),
      whole.replace('kept"', 'kept",'),
      'x'.repeat(4_194_305),
    ]
    for (const text of broken) {
      writeFileSync(file, text)
      const other = new RuleBook(folder)
      t.match(
        await other.load(startMs),
        /rules\.json (is not readable: |has 4194305 bytes)/,
        text.slice(0, 60),
      )
      t.equal(other.firings('hot', 'api'), noFirings)
    }
  },
)

t.test('the disk of a rule is bounded: the oldest captures make room', async (t) => {
  const root = t.testdir()
  const disk = new RuleFolder(root)
  const rule = { name: 'hot', maxBytes: 1000 }
  const put = (second: number, size: number) => {
    const profile = aProfile(aTarget('a b/../c', 7), new Uint8Array(size))
    return disk.put(rule, { ...profile, startedAtMs: startMs + second * 1000 })
  }
  const [first] = await Promise.all([put(1, 400), put(2, 400)])
  t.equal(first, join(root, 'hot', '2026-11-22T00-00-01-000Z-a_b_.._c-7-profile.pb.gz'))
  writeFileSync(join(root, 'hot', '2026-11-22T00-00-00-000Z-x.pb.gz.draft'), 'cut off')
  await put(3, 300)
  t.equal(await disk.usedBytes(rule), 700)
  t.throws(() => statSync(first), { code: 'ENOENT' })
  await t.rejects(put(4, 1001), /it has 1001 bytes, but maxBytes of the rule allows 1000/)
  t.equal(await disk.usedBytes(rule), 700, 'nothing went for what does not fit')
  const victim = join(root, 'victim')
  writeFileSync(victim, 'mine')
  symlinkSync(victim, join(root, 'hot', '2026-11-22T00-00-05-000Z-a_b_.._c-7-profile.pb.gz.draft'))
  await t.rejects(put(5, 10), { code: 'EEXIST' })
  t.equal(readFileSync(victim, 'utf8'), 'mine', 'no link is followed')
  t.equal(await disk.usedBytes({ name: 'other' }), 0)
})

t.test('an action is said in words', (t) => {
  const words = (given: Partial<Rule>) => actionWords(ruleOf({ when: { cpu: 1 }, ...given }))
  t.same(
    [
      words({}),
      words({ do: 'last' }),
      words({ do: 'goroutine' }),
      words({ do: 'heap', seconds: 9 }),
    ],
    ['profile of 10 s', 'the last 120 s of the flight recorder', 'goroutine', 'heap of 9 s'],
  )
  t.end()
})
