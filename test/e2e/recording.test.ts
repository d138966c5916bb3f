// One daemon that watches by itself: the ring, a rule and the stall watch together, on a real process.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import { startDaemon } from '../fixtures/support/daemon.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { profilerThreads } from '../fixtures/support/profiler-threads.ts'
import { temporaryFolder } from '../proc/temporary-folder.ts'
import { until } from '../targets/new-targets.ts'
import { spawnProfilable } from './profilable.ts'

t.setTimeout(180_000)

t.test('a stall leaves its stack and the time around it, a rule its profile', async (t) => {
  const target = await spawnProfilable(t, 'stalls.cjs')
  const folder = temporaryFolder(t)
  const stateDir = join(folder, 'state')
  const config = join(folder, 'pprofd.yaml')
  writeFileSync(
    config,
    `listen: 127.0.0.1:0
targets:
  - {name: shop, pid: ${target.pid}}
record: {continuous: true, hz: 100}
stalls: {threshold: 300, cooldown: 1, perHour: 100}
rules:
  - name: stalled
    when: {loopDelayMs: 1000}
    do: last
    seconds: 60
    cooldown: 0
    atMost: 1
`,
  )
  const daemon = await startDaemon(t, {
    arguments: ['--config', config],
    env: { PPROFD_STATE_DIR: stateDir },
  })
  const logged = (message: RegExp) => daemon.log().filter(({ msg }) => message.test(msg ?? ''))
  t.ok(await until(() => logged(/^recording begun$/).length === 1, 30_000), 'it is recorded')
  t.same(await listeningPorts(target.pid), [], 'behind a closed door')
  // The watch leaves programs alone that have just been found.
  await until(() => false, 6000)

  const files = (path: string) => {
    try {
      return readdirSync(join(stateDir, path))
    } catch {
      return []
    }
  }
  const kept = (pattern: RegExp) => files('spool').filter((name) => pattern.test(name))
  const ruled = () => files('captures/stalled').filter((name) => /\.pb\.gz$/.test(name))
  const isDone = () =>
    kept(/stall\.txt$/).length > 0 && kept(/profile\.pb\.gz$/).length > 0 && ruled().length > 0
  for (let attempt = 0; attempt < 4 && !isDone(); attempt++) {
    target.send('spin 2000')
    await until(isDone, 12_000)
  }
  const [report = ''] = kept(/stall\.txt$/)
  t.match(readFileSync(join(stateDir, 'spool', report), 'utf8'), /crunchNumbers|blocksTheLoop/)
  t.equal(statSync(join(stateDir, 'spool', report)).mode & 0o777, 0o600)
  const [ring = ''] = kept(/profile\.pb\.gz$/)
  for (const path of [join('spool', ring), join('captures/stalled', ruled()[0] ?? '')]) {
    const profile = decodeProfile(gunzipSync(readFileSync(join(stateDir, path))))
    t.ok(
      profile.functions.some(({ name }) => /crunchNumbers|blocksTheLoop/.test(name)),
      path,
    )
  }
  const ask = async (path: string) => (await fetch(`${daemon.url}${path}`)).json()
  t.match(JSON.stringify(await ask('/stalls')), /crunchNumbers|blocksTheLoop/)
  t.match(JSON.stringify(await ask('/rules')), /stalled/)

  const last = await fetch(`${daemon.url}/debug/pprof/profile?last=120&format=collapsed`)
  t.equal(last.status, 200)
  t.match(await last.text(), /crunchNumbers|blocksTheLoop/)

  await daemon.stop()
  t.same(await listeningPorts(target.pid), [])
  t.equal(await profilerThreads(target.pid), 0, 'nothing is left on')
  t.ok(target.isAlive())
})
