// The walks of docs/tutorial.md, with the demo's programs; the one through a deadlock is in goroutine.test.ts.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import { checkout } from '../fixtures/support/checkout.ts'
import { runCli } from '../fixtures/support/daemon.ts'
import { spawnProfilable } from './profilable.ts'

t.setTimeout(120_000)

t.test('the CPU profile of the slow shop is led by the function that compares', async (t) => {
  const shop = await spawnProfilable(t, join(checkout, 'demo/slow/shop.mjs'))
  const file = join(t.testdir(), 'cpu.md')
  const { code, stderr } = await runCli(['profile', String(shop.pid), '-s', '2', '-o', file])
  t.equal(code, 0, stderr)
  const rows = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => /^\| \d/.test(line))
  t.match(
    rows[0],
    /^\| [4-9]\d\.\d % .* demo\/slow\/page\.compareLikeness \| \S*page\.mjs:7 \| .*renderPage/,
  )
})

t.test('what the leaking service retains is held by the map of sessions', async (t) => {
  const service = await spawnProfilable(t, join(checkout, 'demo/leak/sessions.mjs'))
  await delay(3000)
  const file = join(t.testdir(), 'retained.pb.gz')
  const { code, stderr } = await runCli(['retained', String(service.pid), '-o', file])
  t.equal(code, 0, stderr)
  const { samples, sampleTypes } = decodeProfile(gunzipSync(readFileSync(file)))
  const space = sampleTypes.findIndex(({ type }) => type === 'space')
  const sumOf = (chosen: typeof samples) =>
    chosen.reduce((sum, { values }) => sum + (values[space] ?? 0), 0)
  const held = samples.filter(({ stack }) =>
    stack.some((location) => location?.lines[0]?.function?.name === 'sessions: Map'),
  )
  t.ok(sumOf(held) > 0.3 * sumOf(samples), `${sumOf(held)} of ${sumOf(samples)} bytes`)
})
