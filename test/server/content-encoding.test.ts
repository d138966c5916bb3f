import { PassThrough } from 'node:stream'
import t from 'tap'
import { chooseEncoder } from '../../src/server/content-encoding.ts'

const newerZlib = { createZstdCompress: () => new PassThrough() }

for (const [header, older, newer] of [
  [undefined, undefined, undefined],
  ['', undefined, undefined],
  ['identity', undefined, undefined],
  ['br', undefined, undefined],
  ['gzip', 'gzip', 'gzip'],
  ['gzip, deflate, br, zstd', 'gzip', 'zstd'],
  ['zstd', undefined, 'zstd'],
  ['GZIP;q=0.5', 'gzip', 'gzip'],
  ['zstd;q=0, gzip', 'gzip', 'gzip'],
  ['zstd; q=0.000 , gzip ; q=0', undefined, undefined],
] as const) {
  t.test(`Accept-Encoding: ${header}`, async (t) => {
    t.equal(chooseEncoder(header, {})?.name, older)
    t.equal(chooseEncoder(header, newerZlib)?.name, newer)
  })
}
