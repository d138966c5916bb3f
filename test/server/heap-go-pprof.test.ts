// The real `go tool pprof` on /debug/pprof/heap and allocs of a target with a known leak.
import { rmSync, writeFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import { leakedBytes, spawnLeaky } from '../captures/leaky.ts'
import { get } from '../e2e/profilable.ts'
import { goMissing, goPprof } from '../fixtures/support/go-pprof.ts'
import { listenAnywhere, startApp } from './start-app.ts'

const skip = (await goMissing()) ?? false

t.setTimeout(300_000)

const samplingInterval = 16_384
const seconds = 3

t.test('-top names the leaking function and the one that makes garbage', { skip }, async (t) => {
  const target = await spawnLeaky(t)
  const { app } = startApp(t, { heap: { continuous: true, seconds, samplingInterval } })
  const url = `${await urlOf(app)}/targets/${target.pid}/debug/pprof/heap`
  await get(url)
  const before = await leakedBytes(target)
  const inUse = await top(t, '-inuse_space', `${url}?gc=1`)
  const leaked = await leakedBytes(target)
  const [first] = inUse.filter(({ name }) => !name.startsWith('('))
  t.match(first, { name: /leaky\.leak$/ })
  t.ok((first?.bytes ?? 0) > before * 0.8 && (first?.bytes ?? 0) < leaked * 1.15, 'most of it')
  t.same(inUse[0], first, 'before external memory, too')

  const windows = startApp(t, { heap: { continuous: false, seconds: 1, samplingInterval } })
  const other = await spawnLeaky(t)
  const allocs = `${await urlOf(windows.app)}/targets/${other.pid}/debug/pprof/allocs`
  const [most] = await top(t, '-alloc_space', allocs)
  t.match(most, { name: /leaky\.churn$/ })
  const [shown] = await top(t, '-nodefraction=0', allocs)
  t.match(shown, { name: /leaky\.churn$/ }, 'by default, too')
})

t.test('-diff_base and seconds agree with the rate of the leak', { skip }, async (t) => {
  const target = await spawnLeaky(t)
  const { app } = startApp(t, {
    heap: { continuous: true, seconds: 1, samplingInterval },
    // Under tap their thread takes seconds to start, in which the target goes on leaking.
    sources: { sourceMaps: false },
  })
  const url = `${await urlOf(app)}/targets/${target.pid}/debug/pprof/heap`
  const base = await save(t, 'base.pb.gz', url)
  const before = await leakedBytes(target)
  const delta = await save(t, 'delta.pb.gz', `${url}?seconds=${seconds}`)
  const leaked = (await leakedBytes(target)) - before
  const now = await save(t, 'now.pb.gz', url)
  const byDiff = leakOf(await top(t, '-inuse_space', '-diff_base', base, now))
  const byDelta = leakOf(await top(t, '-inuse_space', delta))
  t.comment(`leaked ${leaked}, diff_base ${byDiff}, seconds ${byDelta}`)
  for (const bytes of [byDiff, byDelta]) {
    t.ok(bytes > leaked * 0.7 && bytes < leaked * 1.6, `${bytes} of ${leaked} bytes`)
  }
})

t.test('debug=1 is read with names from /debug/pprof/symbol', { skip }, async (t) => {
  const target = await spawnLeaky(t)
  const { app } = startApp(t, { heap: { continuous: false, seconds: 1, samplingInterval } })
  const base = `${await urlOf(app)}/targets/${target.pid}/debug/pprof`
  const [first] = await top(t, '-nodefraction=0', `${base}/heap?debug=1`)
  t.match(first, { name: /leaky\.leak$/ })
  const [most] = await top(t, '-alloc_space', `${base}/allocs?debug=1`)
  t.match(most, { name: /leaky\.churn$/ })
})

t.test('two scrapes have the same addresses for the same places, each once', async (t) => {
  const target = await spawnLeaky(t)
  const { app } = startApp(t, { heap: { continuous: false, seconds: 1, samplingInterval } })
  const base = `${await urlOf(app)}/targets/${target.pid}/debug/pprof`
  const addresses = new Map<string, number>()
  for (const name of ['heap', 'allocs', 'heap']) {
    const { bytes } = await get(`${base}/${name}`)
    t.same(checkValid(bytes), [])
    for (const { address, lines } of decodeProfile(bytes).locations) {
      const place = lines.map(({ function: fn, line, column }) => [
        fn?.name,
        fn?.file,
        line,
        column,
      ])
      const key = JSON.stringify(place)
      t.equal(addresses.get(key) ?? address, address, key)
      addresses.set(key, address)
    }
  }
  t.equal(new Set(addresses.values()).size, addresses.size, 'no address for two places')
  t.ok(addresses.size > 4)
})

async function urlOf(app: FastifyInstance): Promise<string> {
  return `http://127.0.0.1:${await listenAnywhere(app)}`
}

async function save(t: Test, name: string, url: string): Promise<string> {
  const { bytes } = await get(url)
  t.same(checkValid(bytes), [])
  const file = `${t.testdirName}-${name}`
  writeFileSync(file, bytes)
  t.teardown(() => rmSync(file, { force: true }))
  return file
}

interface Row {
  readonly name: string
  readonly bytes: number
}

/** The rows of `pprof -top`, by their own value. */
async function top(t: Test, ...args: readonly string[]): Promise<readonly Row[]> {
  const { code, stdout, stderr } = await goPprof(t, ['-top', '-unit=B', ...args])
  t.equal(code, 0, stderr)
  return [...stdout.matchAll(/^ *(-?[\d.]+)B +\S+ +\S+ +\S+ +\S+ +(.+)$/gm)].map(
    ([, bytes = '', name = '']) => ({ name, bytes: Number(bytes) }),
  )
}

function leakOf(rows: readonly Row[]): number {
  return rows.find(({ name }) => name.endsWith('leaky.leak'))?.bytes ?? Number.NaN
}
