import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { checkout } from '../fixtures/support/checkout.ts'
import { errorTexts } from './error-texts.ts'

const page = readFileSync(join(checkout, 'docs/troubleshooting.md'), 'utf8').replace(/\s+/g, ' ')

t.test('every message of an error stands in troubleshooting', async (t) => {
  const texts = errorTexts()
  t.ok(texts.length > 120, `${texts.length} places were found`)
  for (const { place, parts } of texts) {
    const missing = parts.map((part) => part.trim()).filter((part) => !page.includes(part))
    t.strictSame(missing, [], place)
  }
})

t.test('every code of an error is a heading of its own kind', async (t) => {
  const source = readFileSync(join(checkout, 'src/errors.ts'), 'utf8')
  const codes = Array.from(source.matchAll(/^ {2}\| '([a-z-]+)'$/gm), ([, code = '?']) => code)
  t.ok(codes.length > 15, `${codes.length} codes were found`)
  const headings = page.match(/## [^|]*/g)?.join(' ')
  for (const code of codes) t.ok(headings?.includes(code), code)
})
