import t from 'tap'
import { SymbolTable } from '../../src/server/symbol-table.ts'

t.test('the addresses of the oldest profile leave first', (t) => {
  const table = new SymbolTable({ addresses: 3, characters: 100 })
  table.add([
    [1, 'one'],
    [2, 'two'],
  ])
  table.add([
    [1, 'one'],
    [3, 'three'],
    [4, 'four'],
  ])
  t.equal(table.size, 3)
  t.equal(table.nameOf(2), undefined, 'only the first profile carried it')
  t.equal(table.nameOf(1), 'one', 'the second profile carried it again')
  t.equal(table.nameOf(4), 'four')
  t.end()
})

t.test('long names leave before there are too many', (t) => {
  const table = new SymbolTable({ addresses: 100, characters: 10 })
  table.add([[1, 'abcdef']])
  table.add([[1, 'abcde']])
  table.add([[2, 'abcde']])
  t.equal(table.size, 2, '10 characters are allowed, and a replaced name no longer counts')
  table.add([[3, 'x']])
  t.equal(table.nameOf(1), undefined)
  t.equal(table.size, 2)
  t.end()
})

t.test('one profile beyond the limit leaves its last addresses', (t) => {
  const table = new SymbolTable()
  table.add(Array.from({ length: 200_005 }, (_, i) => [i + 1, 'f'] as const))
  t.equal(table.size, 200_000)
  t.equal(table.nameOf(5), undefined)
  t.equal(table.nameOf(6), 'f')
  t.end()
})
