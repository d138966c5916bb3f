import t from 'tap'
import { type SliceFrame, StackSlices } from '../../../src/convert/trace/stack-slices.ts'
import type { TraceEvent } from '../../../src/convert/trace/trace-event.ts'

const maxSeamUs = 100

t.test('what stays on the stack from one sample to the next is one slice', (t) => {
  const { slices, text } = start()
  slices.add(frames('main f g'), 10, 20)
  slices.add(frames('main f h'), 20, 30)
  slices.add(frames('main f h'), 30, 40)
  slices.add(frames('main'), 40, 50)
  slices.close()
  t.equal(text(), 'B10main B10f B10g E20g B20h E40h E40f E50main')
  t.end()
})

t.test('a function above itself is two slices', (t) => {
  const { slices, text } = start()
  slices.add(frames('f f'), 0, 10)
  slices.add(frames('f'), 10, 20)
  slices.close()
  t.equal(text(), 'B0f B0f E10f E20f')
  t.end()
})

t.test('idle is no slice, nor is time that no sample stands for', (t) => {
  const { slices, text } = start()
  slices.add(frames('f'), 0, 10)
  slices.add([], 10, 20)
  slices.add(frames('f'), 20, 30)
  slices.add(frames('f'), 31, 40)
  slices.close()
  t.equal(text(), 'B0f E10f B20f E30f B31f E40f')
  t.end()
})

t.test('the collector runs on top of what it interrupts, and does not end it', (t) => {
  const { slices, text } = start()
  slices.add(frames('f g'), 0, 10)
  slices.add(frames('GC'), 10, 20)
  slices.add(frames('GC'), 20, 30)
  slices.add(frames('f g'), 30, 40)
  slices.add([], 40, 50)
  slices.add(frames('GC'), 50, 60)
  slices.close()
  t.equal(text(), 'B0f B0g B10GC E30GC E40g E40f B50GC E60GC')
  t.end()
})

t.test('over a seam a stack goes on, unless too much time is between', (t) => {
  const { slices, text } = start()
  slices.add(frames('f g'), 0, 50)
  slices.seam()
  slices.add(frames('f h'), 60, 70)
  slices.seam()
  slices.add(frames('f h'), 171, 180)
  slices.close()
  t.equal(text(), 'B0f B0g E60g B60h E70h E70f B171f B171h E180h E180f')
  t.end()
})

t.test('windows may overlap: time never goes back', (t) => {
  const { slices, text } = start()
  slices.add(frames('f'), 0, 50)
  slices.seam()
  t.equal(slices.add(frames('g'), 40, 50), undefined)
  t.same(slices.add(frames('g'), 45, 60), { fromUs: 50, goesOn: true })
  slices.close()
  t.equal(text(), 'B0f E50f B50g E60g')
  t.end()
})

function start() {
  const events: TraceEvent[] = []
  const slices = new StackSlices({ pid: 7, tid: 8 }, maxSeamUs, (event) => events.push(event))
  return { slices, text: () => events.map(({ ph, ts, name }) => `${ph}${ts}${name}`).join(' ') }
}

function frames(names: string): readonly SliceFrame[] {
  return names.split(' ').map((name) => ({
    key: name,
    name,
    args: undefined,
    isGarbageCollector: name === 'GC',
  }))
}
