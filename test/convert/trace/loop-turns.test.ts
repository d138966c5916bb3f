import t from 'tap'
import { LoopTurns } from '../../../src/convert/trace/loop-turns.ts'
import type { TraceEvent } from '../../../src/convert/trace/trace-event.ts'

t.test('samples without a rest between them are one turn', (t) => {
  const { turns, text } = start()
  turns.busy(0, 10)
  turns.busy(10, 20)
  turns.rest()
  turns.busy(50, 60)
  turns.busy(60, 75)
  turns.rest()
  t.equal(text(), '0-20 50-75')
  t.end()
})

t.test('of a turn that one sample hit, nobody knows how long it was', (t) => {
  const { turns, text } = start()
  turns.busy(0, 10)
  turns.rest()
  turns.rest()
  t.equal(text(), '')
  t.end()
})

t.test("Node's events part turns that follow each other at once", (t) => {
  const { turns, text } = start()
  for (const markUs of [5, 32, 33, 90]) turns.mark(markUs)
  for (let us = 10; us < 80; us += 10) turns.busy(us, us + 10)
  turns.rest()
  t.equal(text(), '10-32 33-80')
  t.end()
})

t.test('a turn goes on in the next window', (t) => {
  const { turns, text } = start()
  turns.busy(0, 10)
  turns.busy(10, 20)
  turns.flush()
  t.equal(text(), '')
  turns.mark(45)
  turns.busy(20, 30)
  turns.busy(30, 40)
  turns.busy(40, 50)
  turns.flush()
  t.equal(text(), '0-45')
  turns.busy(50, 60)
  turns.busy(60, 70)
  turns.rest()
  t.equal(text(), '0-45 45-70')
  t.end()
})

t.test('its length is a counter, too, which falls to 0 at its end', (t) => {
  const { turns, events } = start()
  turns.busy(0, 1500)
  turns.busy(1500, 2500)
  turns.rest()
  t.match(
    events.filter(({ ph }) => ph === 'C'),
    [
      { name: 'event loop delay, main', ts: 0, args: { ms: 2.5 } },
      { name: 'event loop delay, main', ts: 2500, args: { ms: 0 } },
    ],
  )
  t.end()
})

function start() {
  const events: TraceEvent[] = []
  const turns = new LoopTurns({ pid: 7, tid: 8 }, 'main', (event) => events.push(event))
  const times = (wanted: string) => events.filter(({ ph }) => ph === wanted).map(({ ts }) => ts)
  const text = () => {
    const ends = times('e')
    return times('b')
      .map((ts, index) => `${ts}-${ends[index]}`)
      .join(' ')
  }
  return { turns, events, text }
}
