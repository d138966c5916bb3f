import t from 'tap'
import { shareLook } from '../../src/proc/shared-look.ts'

t.test('what one finds is the answer for all, now and later', async (t) => {
  const looks = new Map<string, Promise<string | undefined>>()
  let count = 0
  const look = async () => `found by ${++count}`
  const all = await Promise.all([1, 2, 3].map(() => shareLook(looks, 'file', look)))
  t.strictSame(all, ['found by 1', 'found by 1', 'found by 1'])
  t.equal(await shareLook(looks, 'file', look), 'found by 1')
  t.equal(await shareLook(looks, 'other', look), 'found by 2')
})

t.test('who finds nothing leaves the look to the next', async (t) => {
  const looks = new Map<string, Promise<string | undefined>>()
  const answers = [undefined, undefined, 'found', 'too late']
  const look = async () => answers.shift()
  const all = await Promise.all([1, 2, 3, 4, 5].map(() => shareLook(looks, 'file', look)))
  t.strictSame(all, [undefined, undefined, 'found', 'found', 'found'])
  t.strictSame(answers, ['too late'])
})
