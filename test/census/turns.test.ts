import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { Turns } from '../../src/census/turns.ts'

t.test('only so many run at once, in order, and errors hand the turn on', async (t) => {
  const turns = new Turns(2)
  let running = 0
  let most = 0
  const begun: number[] = []
  const work = (index: number) =>
    turns.run(async () => {
      begun.push(index)
      most = Math.max(most, ++running)
      await delay(5)
      running--
      if (index === 1) throw new Error('failed')
      return index
    })
  const results = await Promise.allSettled([0, 1, 2, 3, 4].map(work))
  t.equal(most, 2)
  t.strictSame(begun, [0, 1, 2, 3, 4])
  t.strictSame(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'],
  )
  t.equal(await work(9), 9, 'afterwards, too')
})
