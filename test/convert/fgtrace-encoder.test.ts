// The cases of fgtrace's own encoder test, and what its faults and its handler add.
import t from 'tap'
import { FgtraceEncoder, type Goroutine } from '../../src/convert/fgtrace-encoder.ts'
import { withStateFrame } from '../../src/convert/state-frames.ts'

/** The leaf first, as fgtrace writes stacks. */
function goroutine(...stack: string[]): Goroutine {
  return { id: 42, createdBy: '', stack }
}

function eventsOf(text: string): readonly unknown[] {
  return JSON.parse(`[${text.replace(/^,/, '').replace(/\]$/, '')}]`)
}

const place = { pid: 42, tid: 1 }

const vectors = [
  {
    name: 'initial',
    ts: 1000,
    after: goroutine('foo', 'main'),
    events: [
      { name: 'process_name', ph: 'M', ts: 0, ...place, args: { name: 'G42' } },
      { name: 'main', ph: 'B', ts: 1000, ...place },
      { name: 'foo', ph: 'B', ts: 1000, ...place },
    ],
  },
  {
    name: 'call',
    ts: 2000,
    before: goroutine('foo', 'main'),
    after: goroutine('baz', 'bar', 'foo', 'main'),
    events: [
      { name: 'bar', ph: 'B', ts: 2000, ...place },
      { name: 'baz', ph: 'B', ts: 2000, ...place },
    ],
  },
  {
    name: 'return',
    ts: 3000,
    before: goroutine('baz', 'bar', 'foo', 'main'),
    after: goroutine('foo', 'main'),
    events: [
      { name: 'baz', ph: 'E', ts: 3000, ...place },
      { name: 'bar', ph: 'E', ts: 3000, ...place },
    ],
  },
  {
    name: 'returnAndCall',
    ts: 4000,
    before: goroutine('baz', 'bar', 'foo', 'main'),
    after: goroutine('foobar', 'foo', 'main'),
    events: [
      { name: 'baz', ph: 'E', ts: 4000, ...place },
      { name: 'bar', ph: 'E', ts: 4000, ...place },
      { name: 'foobar', ph: 'B', ts: 4000, ...place },
    ],
  },
  {
    name: 'finish',
    ts: 5000,
    before: goroutine('foo', 'main'),
    events: [
      { name: 'foo', ph: 'E', ts: 5000, ...place },
      { name: 'main', ph: 'E', ts: 5000, ...place },
    ],
  },
  {
    name: 'unchanged',
    ts: 6000,
    before: goroutine('foo', 'main'),
    after: goroutine('foo', 'main'),
    events: [],
  },
  {
    name: 'another root under the same leaf',
    ts: 7000,
    before: goroutine('foo', 'main'),
    after: goroutine('foo', 'init'),
    events: [
      { name: 'foo', ph: 'E', ts: 7000, ...place },
      { name: 'main', ph: 'E', ts: 7000, ...place },
      { name: 'init', ph: 'B', ts: 7000, ...place },
      { name: 'foo', ph: 'B', ts: 7000, ...place },
    ],
  },
] as const

for (const { name, ts, events, ...step } of vectors) {
  t.test(`encodes as fgtrace does: ${name}`, (t) => {
    const encoder = new FgtraceEncoder()
    encoder.begin(99)
    if ('before' in step) encoder.sample(0, step.before)
    const text = 'after' in step ? encoder.sample(ts, step.after) : encoder.gone(ts, 42)
    t.strictSame(eventsOf(text), events)
    t.end()
  })
}

t.test('is a JSON array with an event a line, the rate first', (t) => {
  const encoder = new FgtraceEncoder()
  const text = [
    encoder.begin(99),
    encoder.sample(0, { id: 1, createdBy: 'main', stack: ['"quoted"\n'] }),
    encoder.sample(10.5, { id: 1, createdBy: 'main', stack: [] }),
    encoder.end(20),
  ].join('')
  t.equal(
    text,
    '[{"name":"hz","ph":"M","ts":0,"args":{"hz":99}}\n' +
      ',{"name":"process_name","ph":"M","ts":0,"pid":1,"tid":1,"args":{"name":"G1 main"}}\n' +
      ',{"name":"\\"quoted\\"\\n","ph":"B","ts":0,"pid":1,"tid":1}\n' +
      ',{"name":"\\"quoted\\"\\n","ph":"E","ts":10.5,"pid":1,"tid":1}\n' +
      ']',
  )
  t.end()
})

t.test('what is open at the end is closed, and what comes again is named again', (t) => {
  const encoder = new FgtraceEncoder()
  encoder.begin(10)
  encoder.sample(1, { id: 1, createdBy: '', stack: ['a'] })
  encoder.sample(2, { id: 2, createdBy: '', stack: ['b'] })
  t.equal(encoder.openCount, 2)
  t.equal(eventsOf(encoder.gone(3, 1)).length, 1)
  t.equal(encoder.gone(3, 1), '')
  t.equal(encoder.openCount, 1, 'nothing is kept of what is gone')
  t.match(eventsOf(encoder.sample(4, { id: 1, createdBy: '', stack: ['a'] })), [
    { name: 'process_name' },
    { ph: 'B', ts: 4 },
  ])
  t.match(eventsOf(encoder.end(9)), [
    { name: 'b', ph: 'E', ts: 9, pid: 2 },
    { name: 'a', ph: 'E', ts: 9, pid: 1 },
  ])
  t.end()
})

t.test('a time that steps back within a goroutine waits', (t) => {
  const encoder = new FgtraceEncoder()
  encoder.sample(100, goroutine('a'))
  t.match(eventsOf(encoder.sample(90, goroutine('b'))), [{ ts: 100 }, { ts: 100 }])
  t.match(eventsOf(encoder.gone(50, 42)), [{ ts: 100 }])
  t.end()
})

t.test('the frame of the state stands at the root, at the leaf or nowhere', (t) => {
  t.strictSame(withStateFrame(['leaf', 'root'], 'running', 'root'), ['leaf', 'root', 'running'])
  t.strictSame(withStateFrame(['leaf', 'root'], 'running', 'leaf'), ['running', 'leaf', 'root'])
  t.strictSame(withStateFrame(['leaf', 'root'], 'running', 'no'), ['leaf', 'root'])
  t.strictSame(withStateFrame([], 'idle', 'root'), ['idle'])
  t.end()
})
