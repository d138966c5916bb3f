import t from 'tap'
import { loopRates } from '../../../src/convert/top/loop-rates.ts'
import { TopModel } from '../../../src/convert/top/top-model.ts'
import { type NodeSketch, profileOf, recordingOf } from '../recordings.ts'

const samplingIntervalUs = 10_000

/** A window of one thread, a sample every 10 ms. */
function windowOf(thread: string, ...tree: readonly NodeSketch[]) {
  return recordingOf({ [thread]: profileOf(...tree) }, { samplingIntervalUs })
}

const app = 'file:///srv/shop/src/cart.js'
const idle = (hits: number): NodeSketch => ({ name: '(idle)', hits })

t.test('sums go on, shares are those of the last window', async (t) => {
  const model = new TopModel()
  const total = (hits: number): NodeSketch => ({ name: 'total', url: app, line: 4, hits })
  const handle = (hits: number): NodeSketch => ({
    name: 'handle',
    url: app,
    line: 9,
    calls: [total(hits)],
  })
  await model.add(windowOf('main', handle(49), idle(50)))
  const facts = await model.add(windowOf('main', handle(19), idle(80)))
  t.match(facts, { durationUs: 1_000_000, busyUs: 190_000, hasRested: true, openStretchUs: 0 })
  const [first, second] = model.rows('main', 'ownUs')
  t.match(first, { name: 'src/cart.total', file: '/srv/shop/src/cart.js', line: 5 })
  t.match(first, { ownUs: 680_000, totalUs: 680_000, ownShare: 0.19 })
  t.match(second, { name: 'src/cart.handle', ownUs: 0, totalUs: 680_000, totalShare: 0.19 })
  model.reset()
  t.match(model.rows('main', 'ownShare')[0], { ownUs: 0, ownShare: 0.19 }, 'the window stays')
})

t.test('threads are told apart and added up', async (t) => {
  const model = new TopModel()
  const burn = (hits: number): NodeSketch => ({ name: 'burn', url: app, line: 1, hits })
  await model.add(windowOf('main', burn(99)))
  await model.add(windowOf('pool#1', burn(49), idle(50)))
  t.same(model.threads, ['main', 'pool#1'])
  t.equal(model.rows('pool#1', 'ownUs')[0]?.ownUs, 490_000)
  t.match(model.rows(undefined, 'ownUs'), [{ ownUs: 1_480_000, ownShare: 1.48 }])
  model.removeThread('pool#1')
  t.equal(model.rows(undefined, 'ownUs')[0]?.ownUs, 990_000)
  t.same(model.rows('pool#1', 'ownUs'), [])
})

t.test("pprofd's own code is no work of the target's", async (t) => {
  const own: NodeSketch = {
    name: '',
    url: 'pprofd:window',
    line: 0,
    hits: 5,
    calls: [{ name: 'consoleCall', url: 'node:inspector', line: 3, hits: 5 }],
  }
  const model = new TopModel()
  const loop: NodeSketch = { name: 'loop', url: app, line: 1, hits: 40, calls: [own] }
  await model.add(windowOf('main', idle(39), own, loop))
  t.match(model.rows('main', 'ownUs'), [{ name: 'src/cart.loop', ownUs: 500_000 }])
})

t.test('a stretch without a rest goes on over windows', async (t) => {
  const model = new TopModel()
  const burn: NodeSketch = { name: 'burn', url: app, line: 1, hits: 99 }
  const before = await model.add(windowOf('main', idle(49), { ...burn, hits: 50 }))
  t.match(before, { hasRested: true, longestStretchUs: 500_000, openStretchUs: 500_000 })
  const facts = await model.add(windowOf('main', burn))
  t.match(facts, { hasRested: false, longestStretchUs: 1_490_000, openStretchUs: 1_490_000 })
  t.match(loopRates(facts, {}, undefined), { restlessMs: 1490, isBlocked: false, isExact: false })
  const figures = { turns: 7, activeMs: 900, idleMs: 100 }
  const later = { turns: 7, activeMs: 1900, idleMs: 100 }
  t.match(loopRates(facts, later, figures), { isBlocked: true, isExact: true, utilization: 1 })
  t.match(loopRates(facts, { ...later, turns: 57 }, figures), {
    isBlocked: false,
    turnsPerSecond: 50,
  })
  const rested = await model.add(windowOf('main', idle(99)))
  t.match(loopRates(rested, {}, undefined), { restlessMs: 0, utilization: 0 })
})

t.test('functions without end do not fill the memory', async (t) => {
  const model = new TopModel()
  for (let window = 0; window < 6; window++) {
    const names = Array.from({ length: 1000 }, (_, index) => `f${window * 1000 + index}`)
    const functions = names.map((name): NodeSketch => ({ name, url: app, line: 1, hits: 1 }))
    const hot: NodeSketch = { name: 'hot', url: app, line: 1, hits: 9 }
    await model.add(windowOf('main', hot, ...functions))
  }
  const rows = model.rows('main', 'ownUs')
  t.ok(rows.length <= 5000, `${rows.length} rows`)
  t.match(rows[0], { name: 'src/cart.hot' }, 'the largest stay')
})
