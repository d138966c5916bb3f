import t from 'tap'
import { numberFlag } from '../../src/cli/number-flag.ts'

t.test('a number in the range is taken, its absence means the default', async (t) => {
  const range = { fallback: 30, above: 0, max: 300 }
  t.equal(numberFlag('--seconds', undefined, range), 30)
  t.equal(numberFlag('--seconds', '0.5', range), 0.5)
  t.equal(numberFlag('--seconds', '300', range), 300)
  t.equal(numberFlag('--hz', '1', { fallback: 100, min: 1, max: 1000 }), 1)
})

t.test('anything else is refused with the range', async (t) => {
  const above = { fallback: 30, above: 0, max: 300 }
  for (const text of ['', ' ', '0', '-1', '301', '1e3', '0x10', 'abc', '1,5', 'Infinity', 'NaN']) {
    t.throws(() => numberFlag('--seconds', text, above), {
      code: 'parameter-invalid',
      message: `--seconds ${text} is not allowed; give a number above 0 and up to 300`,
    })
  }
  t.throws(() => numberFlag('--hz', '0.5', { fallback: 100, min: 1, max: 1000 }), {
    message: '--hz 0.5 is not allowed; give a number from 1 to 1000',
  })
})
