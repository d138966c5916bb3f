// The remote case: everything through a real `ssh -L`, whose near end has another port.
import t from 'tap'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import { startDaemon } from '../fixtures/support/daemon.ts'
import { goMissing, goPprof } from '../fixtures/support/go-pprof.ts'
import { openSshTunnel, sshMissing } from '../fixtures/support/ssh-tunnel.ts'
import { assertBusyShares } from './busy-shares.ts'
import { get, profileUrl, spawnProfilable } from './profilable.ts'

const skip = (await sshMissing()) ?? false
const skipGo = (await goMissing()) ?? false

t.setTimeout(300_000)

t.test('a daemon behind an ssh tunnel serves as if it were here', { skip }, async (t) => {
  const daemon = await startDaemon(t)
  const target = await spawnProfilable(t, 'busy.cjs')
  const { localPort } = await openSshTunnel(t, daemon.port)
  t.not(localPort, daemon.port)
  const near = `http://127.0.0.1:${localPort}`

  await t.test('to a plain HTTP client, under every loopback name', async (t) => {
    for (const base of [near, `http://localhost:${localPort}`]) {
      t.match(await get(`${base}/healthz`), { status: 200, text: 'ok\n' })
    }
    const { status, bytes } = await get(profileUrl(near, target, 'seconds=1'))
    t.equal(status, 200)
    t.ok(decodeProfile(bytes).samples.length > 0)
    const page = await get(`${near}/`)
    const expected = `ssh -L ${localPort}:127.0.0.1:${daemon.port} `
    t.ok(page.text.includes(expected), 'the page names the tunnel that leads here')
  })

  await t.test('to go tool pprof, also two captures at once', { skip: skipGo }, async (t) => {
    const url = profileUrl(near, target, 'seconds=5&hz=1000')
    const top = await goPprof(t, ['-top', url])
    t.equal(top.code, 0, top.stderr)
    assertBusyShares(t, top.stdout)
    for (const report of ['-traces', '-raw', '-list=burnSixty', '-svg']) {
      const { code, stdout, stderr } = await goPprof(t, [
        report,
        profileUrl(near, target, 'seconds=1'),
      ])
      t.equal(code, 0, `${report}: ${stderr}`)
      t.match(stdout, /burnSixty/, report)
    }
    const diff = await goPprof(t, ['-top', '-diff_base', url, url])
    t.equal(diff.code, 0, diff.stderr)
    t.match(diff.stdout, /burnSixty/)
  })

  await t.test('a tunnel to a port that nobody serves is no daemon', async (t) => {
    await daemon.stop()
    await t.rejects(get(`${near}/healthz`))
  })
})
