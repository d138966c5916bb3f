import t from 'tap'
import { formatTable } from '../../src/cli/table.ts'

t.test(
  'columns are as wide as their widest cell, and lines have no blanks at the end',
  async (t) => {
    const rows = [
      ['A', 'LONG', 'REST'],
      ['abc', 'x', 'a sentence'],
      ['', 'y'],
    ]
    t.equal(formatTable(rows), 'A    LONG  REST\nabc  x     a sentence\n     y')
    t.equal(formatTable([]), '')
  },
)
