import { join } from 'node:path'
import t from 'tap'
import { anonymousMappings, presentSpans } from '../../src/census/memory-map.ts'
import { Suspended } from '../../src/census/suspended.ts'

t.test('takes what is readable and in no file', async (t) => {
  const maps = [
    '1000-3000 rw-p 00000000 00:00 0 ',
    '4000-5000 ---p 00000000 00:00 0 ',
    '6000-7000 r--p 00000000 08:01 42 /usr/bin/node',
    '8000-9000 rw-p 00000000 00:00 0 [heap]',
    'a000-b000 rw-p 00000000 00:00 0 [anon:v8]',
  ]
  const procRoot = t.testdir({ 7: { maps: maps.join('\n') } })
  t.strictSame(await anonymousMappings(7, procRoot), [
    { start: 0x1000, end: 0x3000 },
    { start: 0xa000, end: 0xb000 },
  ])
  t.equal(await anonymousMappings(8, procRoot), undefined)
})

t.test('leaves out pages that were never touched', async (t) => {
  const entries = Buffer.alloc(8 * 6)
  for (const [page, flag] of [
    [1, 0x80],
    [2, 0x40],
    [5, 0x80],
  ] as const) {
    entries[page * 8 + 7] = flag
  }
  const folder = t.testdir({ pagemap: entries })
  const spans = [{ start: 0, end: 6 * 4096 }]
  t.strictSame(presentSpans(spans, join(folder, 'pagemap')), [
    { start: 4096, end: 3 * 4096 },
    { start: 5 * 4096, end: 6 * 4096 },
  ])
  t.strictSame(presentSpans(spans, join(folder, 'none')), spans, 'the kernel does not tell')
  t.strictSame(presentSpans(spans, folder), spans, 'it cannot be read')
})

t.test('keeps suspended functions in order, and finds them and their copies', async (t) => {
  const suspended = new Suspended()
  for (let index = 0; index < 3000; index++) suspended.add(index * 8, 1, index, 0, 2)
  suspended.endScan()
  t.equal(suspended.indexOf(2999 * 8), 2999)
  t.equal(suspended.indexOf(12), -1)
  t.equal(suspended.continuation[2999], 2999)
  const late = suspended.add(4, 1, 0, 1, 0)
  suspended.alias(6, 17)
  t.strictSame([suspended.indexOf(4), suspended.indexOf(6)], [late, 17])
})
