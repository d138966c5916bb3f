// The parts of the stall watch that need no attaching.
import { mkdirSync, symlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { LoopLook } from '../../src/proc/loop-look.ts'
import { dataSpans, findLoop, parseMetrics } from '../../src/proc/loop-place.ts'
import { StallBudget } from '../../src/recorder/stall-limits.ts'
import { type StallReport, stallText } from '../../src/recorder/stall-report.ts'
import { TurnTracker } from '../../src/recorder/turn-tracker.ts'
import { WatchedLoop } from '../../src/recorder/watched-loop.ts'
import { type SpawnedTarget, spawnTarget } from '../fixtures/support/spawn-target.ts'
import { temporaryFolder } from '../proc/temporary-folder.ts'
import { newTargets, targetOf } from '../targets/new-targets.ts'

function look(atMs: number, changes: Partial<LoopLook> = {}): LoopLook {
  const busy = { isIdle: false, isStarting: false, turn: 7, idleMs: 50, turnedAtMs: atMs }
  return { atMs, ...busy, ...changes }
}

function lastedMs(...looks: readonly LoopLook[]): number | undefined {
  const tracker = new TurnTracker()
  const turn = looks.map((each) => tracker.see(each)).at(-1)
  return turn && (looks.at(-1)?.atMs ?? 0) - turn.sinceMs
}

t.test('a turn lasts from when it began, as well as that is known', (t) => {
  const cases: readonly [string, number | undefined, readonly LoopLook[]][] = [
    ['the first look knows nothing of before', 0, [look(1000, { turnedAtMs: 10 })]],
    ['the same turn', 200, [look(1000), look(1100), look(1200, { turnedAtMs: 1000 })]],
    ['another turn, by its number', 30, [look(1000), look(1100, { turn: 8, turnedAtMs: 1070 })]],
    ['another one, by the waiting', 30, [look(1000), look(1100, { idleMs: 51, turnedAtMs: 1070 })]],
    ['timers move the clock, not the turn', 200, [look(1000), look(1200, { turnedAtMs: 1199 })]],
    ['not before the last look', 100, [look(1000), look(1100, { turn: 8, turnedAtMs: 5 })]],
    ['idle', undefined, [look(1000), look(1100, { isIdle: true })]],
    ['woken', 100, [look(1000, { isIdle: true }), look(1100, { turnedAtMs: 5 })]],
    ['a program that starts', undefined, [look(1000), look(9000, { isStarting: true })]],
  ]
  for (const [name, expected, looks] of cases) t.equal(lastedMs(...looks), expected, name)
  const tracker = new TurnTracker()
  tracker.see(look(1000))
  tracker.see(look(2000))
  tracker.excuse(2000)
  t.same(tracker.see(look(2100)), { number: 1, sinceMs: 2000 }, 'what was not its own doing')
  t.end()
})

t.test('cool-down and budget of an hour bound the looking, and count what they pass over', (t) => {
  const limits = { cooldownMs: 60_000, perHour: 3 }
  const budget = new StallBudget()
  const taken = [0, 1000, 59_999, 60_000, 120_000, 180_000, 3_600_000, 3_600_001].map((atMs) =>
    budget.take(atMs, limits),
  )
  t.same(taken, [0, undefined, undefined, 2, 0, undefined, 1, undefined])
  t.end()
})

t.test('a report reads well, whatever the target calls its functions', async (t) => {
  const spawned = await spawnTarget(t, 'idle.cjs')
  const target = { ...(await targetOf(newTargets(t), spawned)), name: 'api', pid: 17 }
  const frame = {
    function: 'evil\n\u001b[31mafter 1 ms:',
    url: 'file:///srv/a.js',
    line: 3,
    column: 5,
  }
  const report: StallReport = {
    id: 1,
    target,
    nodeVersion: 'v24.1.0',
    startedAtMs: Date.UTC(2026, 10, 22, 3),
    durationMs: 2003.4,
    ended: true,
    thresholdMs: 500,
    detectedBy: 'loop',
    processor: { usedMs: 1480.2, queuedMs: 20 },
    waitsFor: 'read of fd 3 (pipe:[17])',
    notes: ['a note'],
    stacks: [
      { afterMs: 612.2, frames: [frame, { ...frame, function: 'f', url: '', isAsync: true }] },
    ],
    passedOver: 0,
  }
  t.equal(
    stallText(report),
    `api (process 17, Node v24.1.0): the event loop was blocked for 2003 ms

began       2026-11-22T03:00:00.000Z
threshold   500 ms
seen by     libuv's own counters in the target's memory
processor   used for 1480 ms after it was noticed, and waited 20 ms for one
kernel      read of fd 3 (pipe:[17])
note        a note

after 612 ms:
  evil\ufffd\ufffd[31mafter 1 ms: file:///srv/a.js:3:5
  async f
`,
  )
  const { processor: _processor, waitsFor: _waitsFor, ...rest } = report
  const text = stallText({ ...rest, ended: false, detectedBy: 'thread', stacks: [], notes: [] })
  t.match(text, /has been blocked for 2003 ms, and had not gone on[\s\S]*less exact/)
})

t.test('looks for the loop in the data of Node and of its libraries, with their .bss', (t) => {
  const maps = `00400000-00500000 r-xp 00000000 08:01 5 /usr/bin/node
00600000-00601000 rw-p 00200000 08:01 5 /usr/bin/node
00601000-00603000 rw-p 00000000 00:00 0 
00700000-00800000 rw-p 00000000 00:00 0 [heap]
7f0000000000-7f0000001000 rw-p 00000000 08:01 6 /usr/lib/libuv.so.1.0.0
7f0000001000-7f0000002000 r--p 00000000 00:00 0 
7f0000002000-7f0000003000 rw-p 00000000 00:00 0 
7f0000004000-7f0000005000 rw-p 00000000 08:01 7 /usr/lib/libssl.so.3
`
  t.same(dataSpans(maps, '/usr/bin/node'), [
    { start: 0x600000, end: 0x603000 },
    { start: 0x7f0000000000, end: 0x7f0000001000 },
  ])
  const huge = '00600000-10600000 rw-p 00200000 08:01 5 /usr/bin/node\n'
  t.same(dataSpans(huge, '/usr/bin/node'), [], 'not at any size')
  t.end()
})

t.test('takes nothing for a loop that is none', async (t) => {
  const nothing = Buffer.alloc(144)
  const place = { time: 0, metrics: 0, countsTurns: true }
  t.same(parseMetrics(nothing, place, 1000), { turns: 0, waitsSinceMs: 0, idleMs: 0 })
  for (const at of [0, 128, 136]) {
    const wrong = Buffer.alloc(144)
    wrong.writeBigUInt64LE(10n ** 18n, at)
    t.equal(parseMetrics(wrong, place, 1000), undefined, `word at ${at}`)
  }
  const count = Buffer.alloc(144)
  count.writeBigUInt64LE(5n)
  t.equal(parseMetrics(count, { ...place, countsTurns: false }, 1000), undefined, 'no clock')
  const root = temporaryFolder(t)
  t.equal(
    await findLoop(
      1,
      () => true,
      () => 1,
      root,
    ),
    undefined,
    'no process',
  )
  const read = (buffer: Buffer) => buffer.fill(0xff).length > 0
  t.equal(await findLoop(process.pid, read, () => 1e9), undefined, 'nonsense')
  t.equal(
    await findLoop(
      process.pid,
      () => false,
      () => 1e9,
    ),
    undefined,
    'unreadable',
  )
})

/** As the kernel shows a process whose memory may not be read. */
async function watchThread(t: Test, spawned: SpawnedTarget): Promise<WatchedLoop> {
  const root = temporaryFolder(t)
  mkdirSync(`${root}/${spawned.pid}`)
  symlinkSync(`/proc/${spawned.pid}/task`, `${root}/${spawned.pid}/task`)
  const target = await targetOf(newTargets(t), spawned)
  const loop = await WatchedLoop.open(target, root)
  if (loop === undefined) throw new Error('not even the kernel tells')
  return loop
}

/** The longest that a turn seemed to last, while `isOver` does not hold. */
async function longestTurnMs(loop: WatchedLoop, isOver: () => boolean): Promise<number> {
  let longest = 0
  while (!isOver()) {
    const state = loop.look(false)
    if (state?.turn) longest = Math.max(longest, state.atMs - state.turn.sinceMs)
    await sleep(50)
  }
  return longest
}

t.test('without the memory, the kernel tells of a loop that neither turns nor rests', async (t) => {
  for (const [line, isSeen] of [
    ['spin 1500', true],
    ['atomics 1500', true],
    ['exec 1000', false],
  ] as const) {
    const spawned = await spawnTarget(t, 'stalls.cjs')
    const loop = await watchThread(t, spawned)
    t.equal(loop.detectedBy, 'thread')
    spawned.send(line)
    const isOver = () => /^over/m.test(spawned.stdout.text())
    const longest = await longestTurnMs(loop, isOver)
    t.equal(longest > 400, isSeen, `${line}: ${longest} ms`)
  }
})

t.test('without the memory, a server at full load is seen to turn', async (t) => {
  const spawned = await spawnTarget(t, 'stalls.cjs')
  const loop = await watchThread(t, spawned)
  spawned.send('load')
  const end = performance.now() + 2000
  const longest = await longestTurnMs(loop, () => performance.now() > end)
  t.ok(longest < 400, `${longest} ms`)
  spawned.child.kill('SIGKILL')
  await spawned.waitForExit()
  t.equal(loop.look(false), undefined, 'gone')
  loop.close()
  t.equal(
    await WatchedLoop.open(await targetOf(newTargets(t), process), temporaryFolder(t)),
    undefined,
  )
})
