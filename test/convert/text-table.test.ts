import t from 'tap'
import { TextTable } from '../../src/convert/text-table.ts'

/** The objects' texts, one after another, and where each begins. */
function textOf(objects: readonly unknown[]) {
  const texts = objects.map((object) => Buffer.from(JSON.stringify(object)))
  let at = 0
  const starts = texts.map(({ length }) => {
    at += length
    return at - length
  })
  return { text: Buffer.concat(texts), starts, lengths: texts.map(({ length }) => length) }
}

t.test('every object is known by its text, as many as there are', async (t) => {
  const objects = Array.from({ length: 10_000 }, (_, index) => ({ name: `f${index % 5000}` }))
  const { text, starts, lengths } = textOf(objects)
  const table = new TextTable(text)
  const numbers = starts.map((start, index) => {
    const known = table.find(start)
    if (known >= 0) return known
    table.add(start, start + (lengths[index] ?? 0))
    return index
  })
  t.same(
    numbers,
    objects.map((_, index) => index % 5000),
  )
  t.equal(table.lengthOf(0), lengths[0])
})

t.test('an object whose names hold braces is not taken for another', async (t) => {
  const objects = ['}', '}}', '}a', '{', 'a', '}'].map((name) => ({ name }))
  const { text, starts, lengths } = textOf(objects)
  const table = new TextTable(text)
  for (const index of [0, 1, 2, 3, 4]) {
    const start = starts[index] ?? 0
    t.equal(table.find(start), -1)
    table.add(start, start + (lengths[index] ?? 0))
  }
  t.equal(table.find(starts[5] ?? 0), 0)
})

t.test(
  'texts of one hash do not make it slow: some count as unknown, none as another',
  async (t) => {
    const count = 50_000
    const objects = Array.from({ length: count }, (_, index) => ({ name: `}${index}` }))
    const { text, starts, lengths } = textOf(objects)
    const table = new TextTable(text)
    for (const [index, start] of starts.entries()) table.add(start, start + (lengths[index] ?? 0))
    const found = starts.map((start) => table.find(start))
    t.ok(found.every((number, index) => number === index || number === -1))
    t.equal(found.filter((number) => number >= 0).length, 32)
  },
)
