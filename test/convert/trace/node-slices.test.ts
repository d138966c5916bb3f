import t from 'tap'
import { NodeSlices } from '../../../src/convert/trace/node-slices.ts'
import type { TraceEvent } from '../../../src/convert/trace/trace-event.ts'

const pid = 7

t.test('operations begin and end by their thread, category, id and name', (t) => {
  const { slices, text } = start()
  slices.add([
    event('b', 'open', 10, { id: '0x1' }),
    event('b', 'open', 11, { id: '0x1', tid: 9 }),
    event('b', 'read', 12, { id: '0x1' }),
    event('e', 'open', 20, { id: '0x1', tid: 9 }),
    event('e', 'open', 30, { id: '0x1' }),
    event('e', 'close', 31, { id: '0x2' }),
  ])
  slices.close(50)
  t.equal(text(), 'b10open:7 b11open:9 b12read:7 e20open:9 e30open:7 e50read:7')
  t.end()
})

t.test('synchronous work nests in a lane of its category and thread', (t) => {
  const { slices, events, text } = start()
  slices.add([
    event('B', 'outer', 10),
    event('X', 'inner', 12, { dur: 5 }),
    event('X', 'innermost', 12, { dur: 3 }),
    event('X', 'later', 17, { dur: 3 }),
    event('E', 'outer', 20, { args: { bytes: 3 } }),
    event('E', 'unknown', 21),
  ])
  t.equal(
    text(),
    'b10outer:7 b12inner:7 b12innermost:7 e15innermost:7 e17inner:7 b17later:7 e20later:7 e20outer:7',
  )
  t.same(events.at(-1)?.args, { bytes: 3 })
  t.end()
})

t.test('what has not ended ends with the recording, and says so', (t) => {
  const { slices, events, text } = start()
  slices.add([event('B', 'outer', 10), event('b', 'lookup', 11, { id: '1' })])
  slices.close(40)
  t.equal(text(), 'b11lookup:7 e40lookup:7 b10outer:7 e40outer:7')
  t.same(events[1]?.args, { unfinished: true })
  t.same(events[3]?.args, { unfinished: true })
  t.end()
})

t.test('more open operations than can be followed are counted', (t) => {
  const { slices, events } = start()
  const many = Array.from({ length: 60_000 }, (_, id) => event('b', 'PROMISE', 10, { id: `${id}` }))
  slices.add(many)
  t.equal(slices.leftOutCount, 10_000)
  slices.add(many.map((each) => ({ ...each, ph: 'e', ts: 20 })))
  slices.close(30)
  t.equal(events.length, 100_000)
  slices.add([event('b', 'PROMISE', 40, { id: 'x' })])
  t.equal(slices.leftOutCount, 10_000, 'there is room again')
  t.end()
})

t.test('ends of turns are told by thread; short phases of the loop are left out', (t) => {
  const { slices, text } = start()
  slices.mainThread(1)
  const cat = 'node,node.environment'
  const ends = slices.add([
    event('X', 'CheckImmediate', 30, { cat, tid: 1 }),
    event('X', 'CheckImmediate', 20, { cat, tid: 1 }),
    event('X', 'CheckImmediate', 25, { cat, tid: 9 }),
    event('X', 'RunTimers', 5, { cat, tid: 1, dur: 49 }),
    event('X', 'RunTimers', 60, { cat, tid: 1, dur: 50 }),
  ])
  t.same(
    ends,
    new Map([
      [7, [20, 30]],
      [9, [25]],
    ]),
  )
  t.equal(text(), 'b60RunTimers:7 e110RunTimers:7', 'the main thread is the process')
  t.end()
})

t.test('counters and marks are passed on; what is no event is left out', (t) => {
  const { slices, events } = start()
  const cyclic: Record<string, unknown> = { deep: 1 }
  cyclic.self = cyclic
  slices.add([
    null,
    5,
    'text',
    [],
    {},
    event('b', 'f', Number.NaN),
    event('b', 'f', -1),
    { ...event('b', 'f', 1), name: 5 },
    { ...event('b', 'f', 1), tid: '1' },
    event('M', 'thread_name', 1),
    event('s', 'flow', 1),
    event('C', 'rejections', 5, { args: { unhandled: 1 } }),
    event('R', `mark\u202e\n${'x'.repeat(1000)}`, 6, { args: cyclic }),
    event('X', '', 7, { dur: -5, args: { fn: () => {}, text: 'a\u0000b', list: [1, 'two'] } }),
  ])
  t.match(events, [
    { ph: 'C', name: 'rejections', args: { unhandled: 1 } },
    { ph: 'i', s: 't', ts: 6, args: { deep: 1 } },
    { ph: 'b', name: '(unnamed)', args: { text: 'a\ufffdb', list: { 0: 1, 1: 'two' } } },
    { ph: 'e', ts: 7 },
  ])
  t.equal(events.length, 4)
  t.ok(Buffer.byteLength(String(events[1]?.name)) <= 500)
  t.notMatch(events[1]?.name, /[\u202e\n]/)
  t.doesNotThrow(() => JSON.stringify(events))
  t.end()
})

function start() {
  const events: TraceEvent[] = []
  const slices = new NodeSlices(pid, (one) => events.push(one))
  const text = () => events.map(({ ph, ts, name, tid }) => `${ph}${ts}${name}:${tid}`).join(' ')
  return { slices, events, text }
}

function event(ph: string, name: string, ts: number, more: object = {}) {
  return { pid: 1, tid: pid, ph, name, ts, cat: 'node,node.fs,node.fs.async', ...more }
}
