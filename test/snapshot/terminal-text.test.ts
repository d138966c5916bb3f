import t from 'tap'
import { aggregate } from '../../src/snapshot/aggregate.ts'
import { diffSnapshots } from '../../src/snapshot/diff.ts'
import { type TerminalOptions, terminalText } from '../../src/snapshot/terminal-text.ts'
import { at, recordingOf, shop } from './recordings.ts'

function print(options: TerminalOptions = {}): string {
  return terminalText(
    aggregate(shop).buckets.map((bucket) => ({ bucket })),
    options,
  )
}

t.test('buckets are printed as pp prints them', (t) => {
  t.strictSame(print().split('\n'), [
    '1: running',
    '    main           auth.js:17     hashPassword',
    '    passport@0.7.0 a.js:3         verify',
    '    node           events:519     emit',
    '3: async-function awaiting [3~5 minutes] [waits for lock * (src/mutex.js:7)]',
    '    main           mutex.js:12    async Mutex.acquire',
    '    main           checkout.js:41 async checkout',
    '    express        layer.js:95    async Layer.handle',
    '1: fs reading',
    '    node           promises:637   async open',
    '    main           app.js:2       async load',
    '120: async-function awaiting [thread [worker 1] images]',
    '    main           worker.js:5    async resize',
    '                   (eval):3       (eval)',
    '1: timer waiting [1 s] [waits for timer, fires in 28424 ms] [Created by start @ poll.js:30]',
    '    main           poll.js:9      poll',
    '1: http-client-request waiting-response [waits for GET http://127.0.0.1:42077/slow]',
    '                   (native)       async Promise.all (index 2)',
    '    linked         rate.js:70     async quote',
    '    (...)',
    '4: socket idle-keepalive [waits for fd 17]',
    '',
  ])
  t.end()
})

t.test('paths are shown in full or relative to their package', (t) => {
  t.match(print({ paths: 'full' }), ' /srv/shop/src/auth.js:17 ')
  t.match(print({ paths: 'full' }), ' node:events:519 ')
  t.match(print({ paths: 'relative' }), / src\/auth\.js:17 +hashPassword\n/)
  t.match(print({ paths: 'relative' }), / express +lib\/router\/layer\.js:95 /)
  t.match(print({ paths: 'relative' }), '[Created by start @ packages/stock/poll.js:30]')
  t.end()
})

t.test('headers choose what is printed', (t) => {
  const headers = (options: TerminalOptions): number => print(options).match(/^\d+:/gm)?.length ?? 0
  t.equal(headers({}), 7)
  t.equal(headers({ match: /async-function/ }), 2)
  t.equal(headers({ filter: /async-function/ }), 5)
  t.equal(headers({ filter: /worker/, match: /async-function/ }), 1)
  t.equal(print({ match: /nothing/ }), '')
  t.end()
})

t.test('colours tell the classes apart, and hide nothing', (t) => {
  const coloured = print({ isColoured: true })
  const csi = '\u001b['
  for (const expected of [
    `${csi}35;1m1: running${csi}0m\n`,
    `${csi}33;1mhashPassword${csi}0m\n`,
    `${csi}34mverify${csi}0m\n`,
    `${csi}32memit${csi}0m\n`,
    `${csi}36masync quote${csi}0m\n`,
    `${csi}37m(eval)${csi}0m\n`,
    `${csi}90m [Created by start @ poll.js:30]${csi}0m\n`,
  ]) {
    t.match(coloured, expected)
  }
  t.equal(coloured.replaceAll(/\p{Cc}\[[\d;]*m/gu, ''), print())
  const application = recordingOf([{ stack: [at('f src/a.js:1')] }])
  const sources = { workingDirectory: '/srv/shop', mainFolder: '/srv/shop/apps/web' }
  const [bucket] = aggregate(application, { sources }).buckets
  const alone = terminalText(bucket ? [{ bucket }] : [], { isColoured: true })
  t.match(alone, `${csi}31mf${csi}0m\n`)
  t.match(alone, /^1: async/, 'a single bucket is not highlighted')
  t.end()
})

t.test('text of the target cannot control the terminal', (t) => {
  const hostile = '\u001b]0;x\u0007\u009b31m\u202e\n'
  const recording = recordingOf([
    {
      thread: hostile,
      state: hostile,
      waitsFor: hostile,
      stack: [{ function: hostile, url: `/${hostile}`, line: 1, column: 1 }],
      createdBy: { function: hostile, url: hostile, line: 1, column: 1 },
    },
  ])
  const shown = aggregate(recording).buckets.map((bucket) => ({ bucket }))
  for (const paths of ['base', 'relative', 'full'] as const) {
    t.notMatch(terminalText(shown, { paths }), /[^\P{Cc}\n]|\u202e/u)
  }
  t.end()
})

t.test('of a difference the headers tell how much', (t) => {
  const before = recordingOf([{ stack: [at('f src/a.js:1')], count: 5 }])
  const after = recordingOf([{ stack: [at('f src/a.js:1')], count: 7 }])
  const { changes } = diffSnapshots(before, after)
  const text = terminalText(changes.map(({ bucket, ...change }) => ({ bucket, change })))
  t.equal(text, '7 (+2): async-function awaiting\n    main a.js:1 f\n')
  t.end()
})
