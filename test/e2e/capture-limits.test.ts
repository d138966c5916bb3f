import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { startDaemon } from '../fixtures/support/daemon.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { get, profileUrl, spawnProfilable } from './profilable.ts'

t.setTimeout(120_000)

t.test('captures run side by side up to the limit and are refused beyond it', async (t) => {
  const limit = '2'
  const daemon = await startDaemon(t, {
    arguments: ['--listen', '127.0.0.1:0', '--limits.captures-per-target', limit],
  })
  const target = await spawnProfilable(t, 'busy.cjs')
  const other = await spawnProfilable(t, 'busy.cjs')
  const running = [1, 2].map(() => get(profileUrl(daemon.url, target, 'seconds=3')))
  await delay(500)

  const refused = await get(profileUrl(daemon.url, target, 'seconds=3'))
  t.equal(refused.status, 429)
  t.match(refused.headers.get('retry-after'), /^[1-3]$/)
  t.match(refused.text, /^2 captures of this target run already and the limit is 2; .* in \d s\n$/)
  t.equal(refused.headers.get('x-go-pprof'), '1')

  const ofOther = await get(profileUrl(daemon.url, other, 'seconds=1'))
  t.equal(ofOther.status, 200, 'the limit is that of one target')
  t.same(
    (await Promise.all(running)).map(({ status }) => status),
    [200, 200],
  )
  t.equal((await get(profileUrl(daemon.url, target, 'seconds=1'))).status, 200, 'free again')
  t.same(await listeningPorts(target.pid), [])
})

t.test('the limit of all captures counts every target', async (t) => {
  const daemon = await startDaemon(t, {
    arguments: ['--listen', '127.0.0.1:0', '--limits.captures', '1'],
  })
  const target = await spawnProfilable(t, 'busy.cjs')
  const running = get(profileUrl(daemon.url, target, 'seconds=2'))
  await delay(500)
  const refused = await get(profileUrl(daemon.url, 'self', 'seconds=1'))
  t.equal(refused.status, 429)
  t.match(refused.text, /in all/)
  t.equal((await running).status, 200)
})
