import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { encodeBlock, encodeMutex } from '../../src/convert/contention-formats.ts'
import type { FindSources } from '../../src/convert/source-lookup.ts'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import { drawnRecording, looksOf } from './watched.ts'

const blocked = { ...drawnRecording('..aaaaa..bbb.'), ...looksOf('eeffffffeeffff') }
const busy = { ...drawnRecording('.abbbbb..aaaa.'), ...looksOf('') }

t.test('the text is that of Go, with addresses, names and labels', async (t) => {
  const { bytes, contentType, symbols } = await encodeBlock(blocked, { form: 'text' })
  t.equal(contentType, 'text/plain; charset=utf-8')
  const text = Buffer.from(bytes).toString()
  const [first, second, ...comments] = text.split('\n\n')
  const address = symbols.find(([, name]) => name === 'src/app.a')?.[0] ?? 0
  const counter = `0x${(address + 1).toString(16)}`
  t.equal(
    first,
    [
      '--- contention:',
      'cycles/second=1000000000',
      `50000000 1 @ ${counter}`,
      '# labels: {"thread":"main","wait":"futex"}',
      `#\t${counter}\tsrc/app.a+0x1\t/srv/shop/src/app.js:4`,
    ].join('\n'),
  )
  t.match(second, /^30000000 1 @ 0x[0-9a-f]+\n# labels: .*\n#\t0x[0-9a-f]+\tsrc\/app\.b\+0x1\t/)
  t.match(comments.join(''), /^(# .*\n)+$/)
  const mutex = await encodeMutex(busy, 20, { form: 'text' })
  t.match(
    Buffer.from(mutex.bytes).toString(),
    /^--- mutex:\ncycles\/second=1000000000\nsampling period=1\n33333333 1 @ 0x/,
  )
})

t.test('the profile has the same values, and says what it is', async (t) => {
  const comments = ['window: the default']
  const { bytes, symbols } = await encodeMutex(busy, 20, { form: 'pprof', comments })
  t.same(checkValid(bytes), [])
  const profile = decodeProfile(gunzipSync(bytes))
  const rows = profile.samples.map(({ stack, values, labels }) => [
    stack.map((location) => location?.lines[0]?.function?.name),
    values,
    labels.map(({ key, str }) => `${key}=${str}`).sort(),
  ])
  const labels = ['pid=4711', 'thread=main']
  t.strictSame(rows, [
    [['src/app.b'], [1, 33_333_333], labels],
    [['src/app.a'], [1, 26_666_667], labels],
  ])
  t.strictSame(
    new Set(symbols.map(([address]) => address)),
    new Set(profile.locations.map(({ address }) => address)),
  )
  t.match(profile.comments[0], /^target: shop, pid 4711/)
  t.ok(profile.comments.includes('window: the default'))
  t.match(
    profile.comments.join('\n'),
    /^contention: a run without idle of more than 20 ms, 2 in all/m,
  )
  t.notMatch(
    profile.comments.join('\n'),
    /left out|samples of running code/,
    'these are of CPU profiles',
  )
  t.match(
    profile.comments.at(-1),
    /^warning: not watched from outside: main$/,
    'warnings come last',
  )
  t.equal(profile.durationNanos, 150_000_000)
})

t.test('names and packages are those of the sources', async (t) => {
  const findSources: FindSources = async () => ({
    positionFor: (_url, line) => {
      if (line !== 3) return undefined
      const url = '/srv/shop/node_modules/carts/cart.ts'
      return { url, line: 41, column: 0, name: 'fillCart' }
    },
    packageOf: () => ({
      name: 'carts',
      version: '2.1.0',
      folder: '',
      repository: '',
      repositoryFolder: '',
    }),
    notes: ['source maps: applied to 1 script'],
  })
  const { bytes } = await encodeBlock(blocked, { form: 'pprof', findSources })
  const { samples, comments } = decodeProfile(gunzipSync(bytes))
  // Both functions begin at the place that the map knows.
  t.match(samples, [
    {
      stack: [{ lines: [{ function: { name: 'carts/cart.fillCart', startLine: 42 } }] }],
      values: [2, 80_000_000],
    },
  ])
  t.match(
    samples[0]?.labels.map(({ key, str }) => `${key}=${str}`),
    ['thread=main', 'pid=4711', 'wait=futex', 'package=carts@2.1.0'],
  )
  t.ok(comments.includes('source maps: applied to 1 script'))
})
