import t from 'tap'
import { startDaemon } from '../fixtures/support/daemon.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { get, profileUrl, spawnProfilable, until } from './profilable.ts'

t.setTimeout(120_000)

/** Detaching takes some 50 ms; whoever waits 30 s for the capture's end has failed. */
const promptlyMs = 2000

t.test('a client that leaves ends its capture and the target is as before', async (t) => {
  const daemon = await startDaemon(t)
  const target = await spawnProfilable(t, 'busy.cjs')
  const ports = () => listeningPorts(target.pid)
  const captures = async () => (await fetch(new URL('/captures', daemon.url))).text()

  await t.test('in the middle of the recording', async (t) => {
    const client = new AbortController()
    const lost = get(profileUrl(daemon.url, target, 'seconds=30'), { signal: client.signal })
    await until('the inspector is open', async () => (await ports()).length === 1)
    await new Promise((resolve) => setTimeout(resolve, 500))
    client.abort()
    await t.rejects(lost)
    await until('the inspector is closed', async () => (await ports()).length === 0, promptlyMs)
    await daemon.stdout.waitFor(/"outcome":"capture-aborted"/)
  })

  await t.test('while it attaches', async (t) => {
    const client = new AbortController()
    const lost = get(profileUrl(daemon.url, target, 'seconds=30'), { signal: client.signal })
    // Attaching takes some 100 ms from here. Before, it would not be known who asks, and nothing begins.
    await until('it has begun', async () => (await captures()).includes('"state": "running"'))
    client.abort()
    await t.rejects(lost)
    const aborted = () => daemon.stdout.text().match(/"outcome":"capture-aborted"/g)?.length === 2
    await until('the second capture has ended', aborted, promptlyMs)
    t.same(await ports(), [])
  })

  await t.test('while another capture of the same target goes on', async (t) => {
    const client = new AbortController()
    const kept = get(profileUrl(daemon.url, target, 'seconds=2'))
    const lost = get(profileUrl(daemon.url, target, 'seconds=30'), { signal: client.signal })
    await new Promise((resolve) => setTimeout(resolve, 700))
    client.abort()
    await t.rejects(lost)
    t.equal((await kept).status, 200)
    await until('the inspector is closed', async () => (await ports()).length === 0, promptlyMs)
  })

  t.equal((await get(profileUrl(daemon.url, target, 'seconds=1'))).status, 200)
  t.same(await ports(), [])
  t.ok(target.isAlive())
})
