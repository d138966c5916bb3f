import t from 'tap'
import { goroutineText } from '../../src/snapshot/goroutine-text.ts'
import { GoroutineParser, parseGoroutines } from '../../src/snapshot/parse-goroutines.ts'
import { at, recordingOf, shop } from './recordings.ts'

/** Of a Go program: runtime.Stack, with what gostackparse's own tests hold. */
const goDump = `goroutine 1 [running]:
main.main.func2()
	/go/src/example.org/main.go:19
main.main()
	/go/src/example.org/main.go:25 +0xc5

goroutine 18 [chan receive, 6883 minutes, locked to thread]:
net/http.(*conn).serve(0xc0000b4000, {0x1, 0x2})
	/usr/local/go/src/net/http/server.go:1925 +0x8e1 fp=0xc sp=0xd
...12 frames elided...
created by net/http.(*Server).Serve in goroutine 1
	/usr/local/go/src/net/http/server.go:2969 +0x36c
`

t.test("Go's own dumps are read", (t) => {
  const { recordings, errors } = parseGoroutines(goDump)
  t.same(errors, [])
  t.equal(recordings.length, 1)
  t.match(recordings[0], { target: { name: 'unknown' }, census: 'none' })
  const wait = { minMs: 6883 * 60_000, maxMs: 6883 * 60_000 }
  t.same(recordings[0]?.entries, [
    {
      id: 1,
      thread: 'main',
      kind: 'running',
      state: 'running',
      stack: [
        at('main.main.func2 /go/src/example.org/main.go:19'),
        at('main.main /go/src/example.org/main.go:25:197'),
      ],
      count: 1,
    },
    {
      id: 18,
      thread: 'main',
      kind: 'running',
      state: 'chan receive',
      wait,
      stack: [at('net/http.(*conn).serve /usr/local/go/src/net/http/server.go:1925:2273')],
      elided: true,
      count: 1,
      createdBy: at('net/http.(*Server).Serve /usr/local/go/src/net/http/server.go:2969:876'),
    },
  ])
  t.end()
})

const good = 'goroutine 2 [running]:\nf()\n\t/a.js:1\n'
const rejected: readonly (readonly [problem: string, text: string])[] = [
  ['invalid goroutine header', 'goroutine x [running]:\nf()\n\t/a.js:1\n'],
  ['invalid goroutine header', 'goroutine 1 [running]\nf()\n\t/a.js:1\n'],
  ['invalid goroutine header', 'goroutine 1 [a, b]:\nf()\n\t/a.js:1\n'],
  ['invalid goroutine header', 'goroutine 1 [many minutes]:\nf()\n\t/a.js:1\n'],
  ['invalid goroutine header', 'goroutine 1 []:\nf()\n\t/a.js:1\n'],
  ['invalid function call', 'goroutine 1 [running]:\nf\n\t/a.js:1\n'],
  ['invalid function call', 'goroutine 1 [running]:\n(x)\n\t/a.js:1\n'],
  ['invalid function call', 'goroutine 1 [running]:\nf((x))\n\t/a.js:1\n'],
  ['invalid function call', 'goroutine 1 [running]:\nf)(\n\t/a.js:1\n'],
  ['invalid function call', 'goroutine 1 [running]:\n\n'],
  ['invalid function call', 'goroutine 1 [running]:\nf()\n\t/a.js:1\ng\n'],
  ['invalid file:line', 'goroutine 1 [running]:\nf()\n/a.js:1\n'],
  ['invalid file:line', 'goroutine 1 [running]:\nf()\n\t/a.js\n'],
  ['invalid file:line', 'goroutine 1 [running]:\nf()\n\t/a.js:1x\n'],
  ['invalid file:line', 'goroutine 1 [running]:\nf()\n\thttp://h:80/a.js:1\n'],
  ['invalid file:line', 'goroutine 1 [running]:\nf()\n'],
  ['invalid file:line', 'goroutine 1 [running]:\nf()\n\t/a.js:1\ncreated by g\n'],
  ['unreadable recording', '# recording: {"target"\n'],
  ['a line of more than 64 KiB', `goroutine 1 [running]:\n${'f'.repeat(70_000)}()\n\t/a.js:1\n`],
]

for (const [problem, text] of rejected) {
  t.test(`${problem}: ${JSON.stringify(text.slice(0, 60))}`, (t) => {
    const { recordings, errors } = parseGoroutines(`${text}\n${good}`)
    t.equal(errors.length, 1)
    t.match(errors[0], new RegExp(`^line \\d: ${problem}: "`))
    t.same(
      recordings[0]?.entries.map(({ id }) => id),
      [2],
      'the rest is read',
    )
    t.end()
  })
}

t.test('a log around dumps is handed back, and each dump is a recording', (t) => {
  const junk: string[] = []
  const parser = new GoroutineParser({ onJunk: (line) => junk.push(line) })
  const second = recordingOf([{ stack: [at('f src/a.js:1')] }])
  const long = 'x'.repeat(200_000)
  const text = `panic: boom\n\n${goDump}\nexit status 2\n${goroutineText(shop)}${goroutineText(second)}${long}\nbye`
  for (let at = 0; at < text.length; at += 777) parser.push(text.slice(at, at + 777))
  const { recordings, errors } = parser.end()
  t.same(errors, [])
  t.same(
    recordings.map(({ entries }) => entries.length),
    [2, shop.entries.length, 1],
  )
  t.same(
    junk.map((line) => line.slice(0, 20)),
    ['panic: boom', 'exit status 2', junk[2]?.slice(0, 20), 'bye'],
  )
  t.ok((junk[2]?.length ?? 0) < long.length, 'an endless line is not kept')
  t.end()
})

t.test('lines may end as on Windows', (t) => {
  const { recordings, errors } = parseGoroutines(goroutineText(shop).replaceAll('\n', '\r\n'))
  t.same(errors, [])
  t.equal(recordings[0]?.entries.length, shop.entries.length)
  t.end()
})

t.test('what somebody edited in the recording line does not matter', (t) => {
  const lines: readonly (readonly [string, unknown])[] = [
    ['{}', { takenAtMs: 0, cuts: [], notes: [], census: 'none' }],
    ['{"takenAtMs":1e300,"target":7,"cuts":[null],"notes":[3]}', { takenAtMs: 8.64e15 }],
    ['{"census":"promises","cuts":{},"targetCostMs":"x"}', { census: 'promises', cuts: [] }],
  ]
  for (const [json, expected] of lines) {
    const { recordings, errors } = parseGoroutines(`# recording: ${json}\n# labels: 7\n${good}`)
    t.same(errors, [])
    t.match(recordings[0], expected as object)
    t.equal(recordings[0] && parseGoroutines(goroutineText(recordings[0])).errors.length, 0)
  }
  t.same(parseGoroutines(`# labels: {"kind":"worker","count":"-3","x":1}\n${good}`).errors, [])
  t.same(parseGoroutines('').recordings, [])
  t.end()
})
