import t from 'tap'
import { goroutineText } from '../../src/snapshot/goroutine-text.ts'
import { parseGoroutines } from '../../src/snapshot/parse-goroutines.ts'
import { at, randomEntries, recordingOf, shop } from './recordings.ts'

t.test('each entry is a block as Go prints goroutines', (t) => {
  const text = goroutineText(
    recordingOf([
      {
        id: 7,
        stack: [at('async Mutex.acquire src/mutex.js:12:31'), at('main src/app.js:3')],
        wait: { minMs: 750_000, maxMs: 750_000 },
        createdBy: at('handler src/app.js:9:2'),
        elided: true,
        count: 3,
        waitsFor: 'lockC (app.js:7)',
      },
      { id: 9, kind: 'socket', state: 'idle-keepalive', thread: '[worker 1] a' },
    ]),
  )
  const [head, ...blocks] = text.split('\n\n')
  t.match(head, /^# recording: \{"target":\{"pid":4711,.*\}\n# target: shop, pid 4711, .*\n/)
  t.same(blocks, [
    [
      '# labels: {"kind":"async-function", "thread":"main", "count":"3", "wait_ms":"750000", "waits_for":"lockC (app.js:7)"}',
      'goroutine 7 [async-function awaiting, 12 minutes]:',
      'async Mutex.acquire(...)',
      '\t/srv/shop/src/mutex.js:12 +0x1f',
      'main(...)',
      '\t/srv/shop/src/app.js:3',
      '...additional frames elided...',
      'created by handler',
      '\t/srv/shop/src/app.js:9 +0x2',
    ].join('\n'),
    [
      '# labels: {"kind":"socket", "thread":"[worker 1] a"}',
      'goroutine 9 [socket idle-keepalive]:',
      '(socket)(...)',
      '\t(native):0',
    ].join('\n'),
    '',
  ])
  t.end()
})

t.test('the text gives the recording back, but for file URLs, which become paths', (t) => {
  const asPaths = JSON.parse(JSON.stringify(shop).replaceAll('file:///', '/'))
  t.strictSame(parseGoroutines(goroutineText(shop)), { recordings: [asPaths], errors: [] })
  t.end()
})

for (const seed of [1, 2, 3, 4, 5]) {
  t.test(`300 random entries come back as they were (seed ${seed})`, (t) => {
    const recording = recordingOf(randomEntries(seed, 300))
    const text = goroutineText(recording)
    const { recordings, errors } = parseGoroutines(text)
    t.same(errors, [])
    t.strictSame(recordings, [recording])
    t.equal(recordings[0] && goroutineText(recordings[0]), text)
    t.end()
  })
}

t.test('names that would end a line, colour a terminal or exceed readers are made fit', (t) => {
  const recording = recordingOf(
    [
      {
        thread: 'a\nb',
        state: 'x\u001b[31m\n\ngoroutine 99 [running]:',
        waitsFor: '\u009b31m\u202e',
        stack: [at('x'), { function: `a\n${'f'.repeat(70_000)}`, url: '/\n', line: 1, column: 1 }],
      },
    ],
    { notes: ['a\nb'] },
  )
  const text = goroutineText(recording)
  t.notMatch(text, /[^\P{Cc}\n\t]|\u202e/u)
  t.ok(text.split('\n').every((line) => line.length < 2000))
  const { recordings, errors } = parseGoroutines(text)
  t.same(errors, [])
  t.equal(recordings[0]?.entries.length, 1)
  t.match(recordings[0]?.entries[0]?.state, /^x\ufffd\[31m\ufffd\ufffdgoroutine 99/)
  t.end()
})
