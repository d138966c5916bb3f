import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import type { Profile } from '../../src/pprof/profile.ts'
import { goroutineCounts } from '../../src/snapshot/goroutine-counts.ts'
import { goroutinePprof } from '../../src/snapshot/goroutine-pprof.ts'
import { goMissing, goPprof } from '../fixtures/support/go-pprof.ts'
import { at, randomEntries, recordingOf, shop } from './recordings.ts'

/** `3x checkout:41 < app:9 {async-function awaiting main}` */
function show({ samples }: Profile): readonly string[] {
  return samples.map(({ stack, values: [count], labels }) => {
    const names = stack.map(
      (place) => `${place?.lines[0]?.function?.name}:${place?.lines[0]?.line}`,
    )
    return `${count}x ${names.join(' < ')} {${labels.map(({ str }) => str).join(' ')}}`
  })
}

t.test('one sample for each stack, kind, state and thread, the most frequent first', (t) => {
  const { bytes, symbols } = goroutinePprof(shop)
  t.same(checkValid(bytes, { nowMs: shop.takenAtMs }), [])
  const profile = decodeProfile(bytes)
  t.same(show(profile).slice(0, 5), [
    '120x src/worker.resize:5 < eval.(eval):3 {async-function awaiting [worker 1] images}',
    '4x (socket):0 {socket idle-keepalive main}',
    '3x src/mutex.Mutex.acquire:12 < src/checkout.checkout:41 < express/lib/router/layer.Layer.handle:95 {async-function awaiting main}',
    '1x src/auth.hashPassword:17 < passport/lib/a.verify:3 < node:events.emit:519 {running running main}',
    '1x packages/stock/poll.poll:9 {timer waiting main}',
  ])
  t.match(profile, {
    sampleTypes: [{ type: 'goroutine', unit: 'count' }],
    periodType: { type: 'goroutine', unit: 'count' },
    period: 1,
    durationNanos: 0,
    defaultSampleType: 'goroutine',
    timeNanos: 1_800_000_000_000_000_000n,
    mappings: [{ file: '/usr/bin/node' }],
  })
  t.same(profile.comments, [
    'target: shop, pid 4711, node v20.20.2',
    'taken: 2027-01-15T08:00:00.000Z, the target worked 3.3 ms for it',
    'found: 131 in 9 entries',
    "suspended functions: all, counted in the process's memory",
    'cut: 1000 of 54321 timers shown',
    'note: worker 2 did not answer within 300 ms',
  ])
  t.equal(symbols.length, profile.locations.length)
  t.end()
})

t.test('whatever a target holds gives a valid profile with all of it counted', (t) => {
  for (const entries of [[], ...[1, 2, 3].map((seed) => randomEntries(seed, 400))]) {
    const { bytes } = goroutinePprof(recordingOf(entries))
    t.same(checkValid(bytes), [])
    const total = entries.reduce((sum, { count }) => sum + count, 0)
    const counted = decodeProfile(bytes).samples.reduce((sum, s) => sum + (s.values[0] ?? 0), 0)
    t.equal(counted, total)
  }
  const root = recordingOf([{ thread: '', state: '', stack: [at('(root)')] }])
  const profile = decodeProfile(goroutinePprof(root).bytes)
  t.same(show(profile), ['1x (async-function):0 {async-function unknown unnamed}'])
  t.same(checkValid(goroutinePprof(root).bytes), [])
  t.end()
})

t.test('a place has the same address in every recording and form', (t) => {
  const one = goroutinePprof(shop).symbols
  const other = goroutinePprof(recordingOf([...shop.entries].reverse())).symbols
  t.same(new Map(one), new Map(other))
  t.same(new Map(goroutineCounts(shop).symbols), new Map(one))
  t.end()
})

t.test('the difference of two recordings may be negative, and holds no zeros', (t) => {
  const f = at('f src/a.js:1')
  const before = recordingOf([{ stack: [f], count: 5 }, { stack: [at('g src/a.js:2')] }])
  const after = recordingOf(
    [{ stack: [f] }, { stack: [f], count: 2 }, { stack: [at('g src/a.js:2')] }, { stack: [] }],
    { takenAtMs: before.takenAtMs + 2000 },
  )
  const { bytes } = goroutinePprof(after, before)
  t.same(checkValid(bytes), [])
  const profile = decodeProfile(bytes)
  t.equal(profile.durationNanos, 2e9)
  t.same(show(profile), [
    '1x (async-function):0 {async-function awaiting main}',
    '-2x src/a.f:1 {async-function awaiting main}',
  ])
  t.same(decodeProfile(goroutinePprof(before, before).bytes).samples, [])
  t.end()
})

t.test("debug=1 is Go's text of a count profile", (t) => {
  const { text } = goroutineCounts(recordingOf([{ stack: [at('f src/a.js:7:1')], count: 3 }, {}]))
  const pattern = [
    'goroutine profile: total 4',
    '# target: shop, pid 4711, node v20.20.2',
    '(?:# .*\n)+',
    '3 @ (0x[\\da-f]+)',
    '# labels: \\{"kind":"async-function", "state":"awaiting", "thread":"main"\\}',
    '#\t\\1\tsrc/a.f\\+0x1\t/srv/shop/src/a.js:7',
    '',
    '1 @ (0x[\\da-f]+)',
    '# labels: .*',
    '#\t\\2\t\\(async-function\\)\\+0x1\t\\(native\\):0',
    '',
    '',
  ]
  t.match(text, new RegExp(`^${pattern.join('\n')}$`))
  t.end()
})

const skip = (await goMissing()) ?? false

t.test('go tool pprof reads both, asking for the names of debug=1', { skip }, async (t) => {
  t.setTimeout(300_000)
  const { bytes } = goroutinePprof(shop)
  const { text, symbols } = goroutineCounts(shop)
  const names = new Map(symbols)
  const server = createServer((request, response) => {
    if (!request.url?.endsWith('/symbol')) return response.end(text)
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      const lines = body.split('+').map((address) => `${address} ${names.get(Number(address))}\n`)
      response.end(`num_symbols: 1\n${lines.join('')}`)
    })
    return request
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const file = join(t.testdir(), 'goroutine.pb')
  writeFileSync(file, bytes)

  for (const source of [file, `http://127.0.0.1:${port}/debug/pprof/goroutine?debug=1`]) {
    const top = await goPprof(t, ['-top', source])
    t.equal(top.code, 0, top.stderr)
    t.match(top.stdout, /^Type: goroutine$/m)
    t.match(top.stdout, /^ +120 .* 120 .* eval\.\(eval\)$|^ +120 .* src\/worker\.resize/m)
    const traces = await goPprof(t, ['-traces', source])
    t.equal(traces.code, 0, traces.stderr)
    t.match(
      traces.stdout,
      / 3 +src\/mutex\.Mutex\.acquire\n +src\/checkout\.checkout\n +express\/lib\/router\/layer\.Layer\.handle\n/,
    )
  }
  const tags = await goPprof(t, ['-tags', file])
  t.match(tags.stdout, /thread: Total .*\n(?:.*\n)*.*\[worker 1\] images\n/)
})
