import t from 'tap'
import { InputError } from '../../src/errors.ts'
import { decimal, firstValue, oneOf, type Query, wholeNumber } from '../../src/server/parameters.ts'

const seconds = { fallback: 30, min: 1, max: 300 }

t.test('the first of repeated values counts; absent and empty mean the default', (t) => {
  t.equal(firstValue({ a: ['1', '2'] }, 'a'), '1')
  t.equal(firstValue({ a: 'x' }, 'a'), 'x')
  t.equal(firstValue({ a: '' }, 'a'), undefined)
  t.equal(firstValue({ a: ['', '2'] }, 'a'), undefined)
  t.equal(firstValue({}, 'constructor'), undefined)
  t.equal(wholeNumber({ seconds: ['5', '900'] }, 'seconds', seconds), 5)
  t.equal(wholeNumber({ seconds: '' }, 'seconds', seconds), 30)
  t.equal(wholeNumber({}, 'seconds', seconds), 30)
  t.end()
})

t.test('the ends of the range are inside it', (t) => {
  t.equal(wholeNumber({ seconds: '1' }, 'seconds', seconds), 1)
  t.equal(wholeNumber({ seconds: '300' }, 'seconds', seconds), 300)
  t.equal(wholeNumber({ seconds: '007' }, 'seconds', seconds), 7)
  t.end()
})

t.test('what is no whole number in the range is refused with the parameter and the range', (t) => {
  const bad = ['abc', '0', '-1', '1e9', '1.5', '301', '99999999999', '0x10', ' 5', '5s', '١', 'NaN']
  for (const text of bad) {
    const message = `seconds must be a whole number from 1 to 300, not ${JSON.stringify(text)}`
    t.throws(
      () => wholeNumber({ seconds: text }, 'seconds', seconds),
      new InputError('parameter-invalid', message),
      text,
    )
  }
  t.end()
})

t.test('a long value is shown in part', (t) => {
  const query: Query = { seconds: 'x'.repeat(5000) }
  t.throws(() => wholeNumber(query, 'seconds', seconds), { message: /not "x{40}\.\.\."$/ })
  t.end()
})

t.test('a choice is one of the listed words', (t) => {
  const choices = ['pprof', 'collapsed'] as const
  t.equal(oneOf({ format: 'collapsed' }, 'format', choices, 'pprof'), 'collapsed')
  t.equal(oneOf({ format: '' }, 'format', choices, 'pprof'), 'pprof')
  t.throws(() => oneOf({ format: 'svg' }, 'format', choices, 'pprof'), {
    code: 'parameter-invalid',
    message: 'format must be one of pprof, collapsed, not "svg"',
  })
  t.end()
})

t.test('a number may have a fraction, above its lower end and up to its upper one', (t) => {
  const rule = { fallback: 1, above: 0, max: 60 }
  const good = { '0.5': 0.5, '.25': 0.25, '2.': 2, '60': 60, '': 1 }
  for (const [text, value] of Object.entries(good)) {
    t.equal(decimal({ seconds: text }, 'seconds', rule), value, text)
  }
  for (const text of ['0', '0.0', '-1', '60.1', '1e1', '.', 'x', 'Infinity', '1,5', ' 1']) {
    const message = `seconds must be a number above 0 and up to 60, not ${JSON.stringify(text)}`
    t.throws(
      () => decimal({ seconds: text }, 'seconds', rule),
      new InputError('parameter-invalid', message),
      text,
    )
  }
  t.end()
})
