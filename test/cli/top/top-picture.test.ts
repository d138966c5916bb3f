// What `pprofd top` draws, of made-up figures, and what its keys do.
import { PassThrough, Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import stringWidth from 'string-width'
import t from 'tap'
import { cpuShares, type ThreadReading } from '../../../src/cli/top/cpu-shares.ts'
import { lostStreams } from '../../../src/cli/top/lost-streams.ts'
import { TerminalScreen } from '../../../src/cli/top/terminal-screen.ts'
import { helpLines } from '../../../src/cli/top/top-help.ts'
import { firstView, pressKey, type TopView } from '../../../src/cli/top/top-keys.ts'
import { plainText, topLines } from '../../../src/cli/top/top-lines.ts'
import type { TopSnapshot } from '../../../src/cli/top/top-snapshot.ts'
import type { TopRow } from '../../../src/convert/top/top-model.ts'

const row: TopRow = {
  name: 'src/db.query',
  file: '/srv/shop/src/db.js',
  line: 12,
  ownShare: 0.5,
  totalShare: 0.75,
  ownUs: 1_500_000,
  totalUs: 2_250_000,
}

const loop = {
  utilization: 0.8,
  isExact: false,
  turnsPerSecond: undefined,
  longestStretchMs: 30,
  restlessMs: 0,
  isBlocked: false,
}

const snapshot: TopSnapshot = {
  target: { name: 'shop', pid: 4711, nodeVersion: 'v20.20.2' },
  hz: 100,
  watchedMs: 3000,
  openedInspector: true,
  threads: ['main', 'pool#1'],
  thread: 'main',
  sort: 'ownShare',
  rows: [row],
  loop,
  heap: { usedHeapBytes: 12e6, takenHeapBytes: 20e6 },
  silentMs: 0,
  cpu: { process: 1.1, mainQueued: 0.01, threads: [{ name: 'main', share: 0.9 }] },
  residentBytes: 60e6,
  startPauseMs: 20.1,
  usualPauseMs: 1.2,
  isPaused: false,
}

t.test('a table with the figures of the process above it', async (t) => {
  const lines = topLines(snapshot, { columns: 100, rows: 12 }, false)
  t.same(lines, [
    'pprofd top: shop (pid 4711, Node v20.20.2)  3 s at 100 Hz',
    'CPU     110 %: main 90 %',
    'Loop    ~80 % busy, delays of up to 30 ms',
    'Heap    12.0 MB used, 20.0 MB taken; process 60.0 MB resident',
    'Cost    start 21 ms, then about 2 ms each second; inspector open while this runs (? tells)',
    'Thread  main (1 of 2)',
    '',
    '  >%Own  %Total   OwnTime  TotalTime  Function (file:line)'.padEnd(100),
    '  50.0%   75.0%     1.50s      2.25s  src/db.query (/srv/shop/src/db.js:12)',
    '',
    '',
    'q quit  1-4 or s sort  p pause  r reset  t thread  ? help',
  ])
  const { loop: _loop, ...rest } = snapshot
  t.match(plainText({ ...rest, loop: undefined }), /^Loop {4}the first window is being recorded$/m)
})

t.test('what else the head can say', async (t) => {
  const cases: readonly (readonly [Partial<TopSnapshot>, RegExp])[] = [
    [{ silentMs: 4200 }, /^Loop {4}BLOCKED in native code for 4 s: it does not answer$/m],
    [{ loop: { ...loop, restlessMs: 3100 } }, /BLOCKED or overloaded: no rest for 3 s/],
    [
      { loop: { ...loop, restlessMs: 3100, isBlocked: true } },
      /BLOCKED for 3 s: it has not turned/,
    ],
    [{ loop: { ...loop, isExact: true, turnsPerSecond: 41.4 } }, /80 % busy, 41 turns\/s/],
    [{ startPauseMs: undefined }, /the profiler is being started(?:.|\n)*^Cost {4}inspector open/m],
    [{ cpu: undefined, heap: undefined, residentBytes: undefined }, /CPU {5}not known yet/],
    [
      { heap: { usedHeapBytes: 50e6, heapLimitBytes: 200e6 } },
      /50.0 MB used of at most 200.0 MB \(25 %\)/,
    ],
    [{ thread: undefined }, /^Threads all 2; loop and heap are main's$/m],
    [{ openedInspector: false }, /its inspector was open before/],
    [{ cpu: { process: 0.2, mainQueued: 0.7, threads: [] } }, /20 %; main waited 70 % for a proc/],
    [{ isPaused: true }, /PAUSED \(it samples on\)/],
  ]
  for (const [changes, expected] of cases) t.match(plainText({ ...snapshot, ...changes }), expected)
})

t.test('no line is wider than the terminal, and none shows what a target made up', async (t) => {
  const rows = [
    '\u001b[2J\u001b]0;owned\u0007evil\nname',
    '漢字'.repeat(40),
    '👩‍👩‍👧 family',
    'x'.repeat(3000),
  ].map((name): TopRow => ({ ...row, name, file: `/srv/\u009b31m/${name}.js` }))
  const hostile = {
    ...snapshot,
    rows,
    target: { ...snapshot.target, name: '\u001b[31mred' },
    threads: ['main', 'a\u001b[0m#1'],
    thread: 'a\u001b[0m#1',
  }
  for (const columns of [20, 40, 71, 72, 100, 300]) {
    for (const sort of ['ownShare', 'totalUs'] as const) {
      const lines = topLines({ ...hostile, sort }, { columns, rows: 14 }, false)
      t.equal(lines.length, 14)
      t.equal(
        Math.max(...lines.map((line) => stringWidth(line))) <= columns,
        true,
        `${columns} columns`,
      )
      t.notMatch(lines.join(''), /\p{Cc}/u)
    }
  }
  t.notMatch(plainText(hostile).replaceAll('\n', ''), /\p{Cc}/u)
  t.equal(topLines(snapshot, { columns: 80, rows: 3 }, false).length, 3)
})

t.test('the narrower the terminal, the less of where a function is', async (t) => {
  const shown = (columns: number) => topLines(snapshot, { columns, rows: 12 }, false)[8]
  t.match(shown(100), /src\/db\.query \(\/srv\/shop\/src\/db\.js:12\)$/)
  t.match(shown(70), /50\.0% {3}75\.0% {2}src\/db\.query \(\/srv/)
  t.match(shown(45), / {2}src\/db\.query \(db\.js:12\)$/)
  t.match(shown(38), / {2}db\.query \(db\.js:12\)$/)
  t.match(shown(28), / {2}db\.query…$| {2}db\.query$/)
  const native = { ...snapshot, rows: [{ ...row, name: '(program)', file: '', line: 0 }] }
  t.match(topLines(native, { columns: 80, rows: 12 }, false)[8], / {2}\(program\)$/)
})

t.test('colours only mark what is there without them, too', async (t) => {
  const blocked = { ...snapshot, silentMs: 3000 }
  const size = { columns: 80, rows: 12 }
  const plain = topLines(blocked, size, false)
  const coloured = topLines(blocked, size, true)
  t.notSame(coloured, plain)
  t.same(
    coloured.map((line) => stripVTControlCharacters(line)),
    plain,
  )
})

t.test('keys sort, hold, switch the thread, help and quit', async (t) => {
  const press = (view: TopView, ...keys: readonly string[]) =>
    keys.reduce((last, key) => pressKey(last, key, ['main', 'pool#1']).view, view)
  t.match(press(firstView, '3'), { sort: 'ownUs' })
  t.match(press(firstView, 's', 's', 's', 's'), { sort: 'ownShare' })
  t.match(press(firstView, 't'), { thread: 'pool#1' })
  t.match(press(firstView, 'tab', 'right'), { thread: undefined })
  t.match(press(firstView, 'T'), { thread: undefined })
  t.match(press({ ...firstView, thread: 'gone#9' }, 't'), { thread: 'main' })
  t.match(pressKey(firstView, 't', ['main']).view, { thread: 'main' }, 'one thread is all')
  t.match(press(firstView, 'p'), { isPaused: true })
  t.match(press(firstView, 'space', 'space'), { isPaused: false })
  t.match(press(firstView, '?'), { showsHelp: true })
  t.match(press(firstView, 'h', '3'), { showsHelp: false, sort: 'ownShare' })
  t.equal(pressKey(firstView, 'r', []).action, 'reset')
  t.equal(pressKey(press(firstView, '?'), 'q', []).action, 'quit')
  t.equal(pressKey(firstView, 'ctrl-c', []).action, 'quit')
  t.same(pressKey(firstView, 'x', ['main']), { view: firstView, action: undefined })
})

t.test('the help fits, and says what is open meanwhile', async (t) => {
  t.match(helpLines({ columns: 100, rows: 50 }).join('\n'), /every user of\nthis machine/)
  for (const columns of [30, 40, 84]) {
    const lines = helpLines({ columns, rows: 100 })
    t.equal(Math.max(...lines.map(({ length }) => length)) <= columns, true)
    t.match(lines.join(' ').replace(/\s+/g, ' '), /can run code in the process/)
  }
  t.equal(helpLines({ columns: 40, rows: 5 }).length, 5)
})

t.test('CPU of threads by their names, and of the others by what they are for', async (t) => {
  const reading = (tid: number, role: string, atUs: number, usedUs: number): ThreadReading => ({
    tid,
    innermostTid: tid + 1000,
    startTimeTicks: 7,
    role,
    roleName: `(${role} threads)`,
    time: { atUs, usedUs, queuedUs: usedUs / 2 },
  })
  const before = [reading(1, 'main', 0, 500), reading(2, 'other', 0, 100)]
  const now = [
    reading(1, 'main', 1_000_000, 900_500),
    reading(2, 'other', 1_000_000, 100_100),
    reading(3, 'v8', 1_000_000, 50_000),
    reading(4, 'v8', 1_000_000, 50_000),
  ]
  const shares = cpuShares(before, now, new Map([[1002, 'pool#1']]))
  t.same(shares?.threads, [
    { name: 'main', share: 0.9 },
    { name: 'pool#1', share: 0.1 },
    { name: 'v8 threads', share: 0.1 },
  ])
  t.equal(shares?.mainQueued, 0.45)
  t.ok(Math.abs((shares?.process ?? 0) - 1.1) < 1e-9)
  t.equal(cpuShares([], now, new Map()), undefined)
})

t.test('the screen gives the terminal back as it was', async (t) => {
  const modes: boolean[] = []
  const input = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (isRaw: boolean) => void modes.push(isRaw),
  })
  const output = Object.assign(new PassThrough(), { columns: 20, rows: 3 })
  const keys: string[] = []
  const listeners = process.listenerCount('exit')
  const screen = new TerminalScreen(
    input as unknown as NodeJS.ReadStream,
    output as unknown as NodeJS.WriteStream,
    { onKey: (key) => keys.push(key), onResize: () => keys.push('resized') },
  )
  const written = () => String(output.read() ?? '')
  screen.draw(['before it is open'])
  screen.open()
  t.equal(written(), '\u001b[?1049h\u001b[?25l', 'another page, no cursor')
  screen.draw(['one', 'two'])
  t.match(stripVTControlCharacters(written()), /^one\r\ntwo\r\n$/)
  input.write('aA \t\u001b[C\u0003')
  output.emit('resize')
  await new Promise((resolve) => setImmediate(resolve))
  for (const key of ['resized', 'a', 'A', 'space', 'tab', 'right', 'ctrl-c'])
    t.ok(keys.includes(key), key)
  screen.close()
  screen.close()
  t.equal(written(), '\u001b[?25h\u001b[?1049l')
  t.same(modes, [true, false])
  t.equal(process.listenerCount('exit'), listeners)
  screen.draw(['after it is closed'])
  t.equal(written(), '')
})

t.test('a terminal that takes nothing is drawn to again when it does', async (t) => {
  const written: string[] = []
  let take = () => {}
  const write = (chunk: Buffer, _encoding: string, done: () => void) => {
    written.push(String(chunk))
    take = done
  }
  const slow = new Writable({ write, highWaterMark: 1 })
  const output = Object.assign(slow, { columns: 20, rows: 1 })
  const input = Object.assign(new PassThrough(), { isTTY: false })
  const screen = new TerminalScreen(
    input as unknown as NodeJS.ReadStream,
    output as unknown as NodeJS.WriteStream,
    { onKey: () => {}, onResize: () => {} },
  )
  screen.open()
  take()
  for (const text of ['first', 'second', 'third']) screen.draw([text])
  const drained = new Promise((resolve) => output.once('drain', resolve))
  take()
  await drained
  screen.draw(['fourth'])
  t.match(written.join(' '), /first(?!.*second)(?!.*third).*fourth/)
  screen.close()
})

t.test('a closed pipe ends it in good order', async (t) => {
  const before = process.stdout.rawListeners('error')
  let lostCount = 0
  const lost = lostStreams(() => lostCount++)
  process.stdout.emit('error', new Error('EPIPE'))
  process.stdin.emit('error', new Error('EIO'))
  lost.release()
  t.equal(lostCount, 2)
  t.same(process.stdout.rawListeners('error'), before)
})
