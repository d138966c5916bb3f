import t from 'tap'
import { WindowPace } from '../../src/captures/window-pace.ts'

t.test('the first window has no more samples than V8 writes in some 10 ms', (t) => {
  const firstMs = [1, 100, 250, 500, 1000].map((hz) => new WindowPace(hz).windowMs)
  t.strictSame(firstMs, [1000, 1000, 1000, 500, 250])
  t.end()
})

t.test('the others are as long as what V8 writes in a few ms', (t) => {
  const pace = new WindowPace(100)
  pace.ended(1000, 200_000)
  t.equal(pace.windowMs, 500)
  pace.ended(500, 5_000_000)
  t.equal(pace.windowMs, 250, 'but each interrupts the target')
  pace.ended(250, 2500)
  t.equal(pace.windowMs, 10_000)
  pace.ended(1000, 0)
  t.ok(pace.windowMs > 1e6)
  t.end()
})
