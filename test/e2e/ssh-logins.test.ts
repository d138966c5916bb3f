// Two people log in with ssh and reach the daemon through tunnels of their own: each has own rights.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import { asUser } from '../fixtures/support/as-user.ts'
import { spawnDaemon, startDaemon } from '../fixtures/support/daemon.ts'
import { addLogin, type Login, loginsMissing } from '../fixtures/support/logins.ts'
import { spawnProcess } from '../fixtures/support/spawn-target.ts'
import { openSshTunnel, sshMissing } from '../fixtures/support/ssh-tunnel.ts'
import { get } from './profilable.ts'

const skip = (await loginsMissing()) ?? (await sshMissing()) ?? false

t.test('through a tunnel, each login has its own rights', { skip }, async (t) => {
  const [alice, bob] = await twoLogins(t)
  const file = join(t.testdir(), 'pprofd.yaml')
  writeFileSync(file, `access:\n  uids: [${alice.name}]\n  deny: [threadcreate]\n`)
  const daemon = await startDaemon(t, {
    arguments: ['--listen', '127.0.0.1:0', '--config', file],
  })
  const [hers, his] = await Promise.all([spawnNodeOf(t, alice), spawnNodeOf(t, bob)])
  const aliceUrl = await tunnel(t, daemon.port, alice)
  const bobUrl = await tunnel(t, daemon.port, bob)

  const known = await get(`${aliceUrl}/targets`)
  t.match(JSON.parse(known.text), { targets: [{ pid: hers, uid: alice.uid }] })
  const profile = await get(`${aliceUrl}/targets/${hers}/debug/pprof/profile?seconds=1`)
  t.equal(profile.status, 200, profile.text.slice(0, 200))
  t.ok(decodeProfile(profile.bytes).samples.length > 0)
  const refused = await get(`${aliceUrl}/targets/${his}/debug/pprof/profile?seconds=1`)
  t.match(refused, { status: 403, text: `belongs to uid ${bob.uid}` })
  const denied = await get(`${aliceUrl}/targets/${hers}/debug/pprof/threadcreate`)
  t.match(denied, { status: 403, text: /access\.deny/ })
  t.match(await get(`${bobUrl}/targets`), {
    status: 403,
    text: `uid ${bob.uid} may not use this pprofd`,
  })

  writeFileSync(file, `access:\n  groups: [${bob.name}]\n  targets: any\n`)
  daemon.child.kill('SIGHUP')
  await daemon.stdout.waitForLine(
    (line) => line.includes('"configuration reloaded"'),
    'reload',
    20_000,
  )
  t.equal((await get(`${bobUrl}/targets/${hers}/debug/pprof/threadcreate`)).status, 200)
  t.equal((await get(`${aliceUrl}/targets`)).status, 403, 'as of the next request')

  writeFileSync(file, 'access:\n  uids: [nobody-of-this-name]\n')
  daemon.child.kill('SIGHUP')
  await daemon.stdout.waitForLine(
    (line) => line.includes('has none of that name'),
    'refusal',
    20_000,
  )
  t.equal((await get(`${bobUrl}/targets`)).status, 200, 'a wrong configuration changes nothing')
})

t.test('a tunnel to a unix socket is for whom its permissions say', { skip }, async (t) => {
  const [alice, bob] = await twoLogins(t)
  const hers = await spawnNodeOf(t, alice)
  const folder = mkdtempSync(join(tmpdir(), 'pprofd-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  chmodSync(folder, 0o755)
  const file = join(t.testdir(), 'pprofd.yaml')
  writeFileSync(file, `access:\n  socketMode: "0660"\n  socketGroup: ${bob.name}\n  targets: any\n`)
  const shared = join(folder, 'shared.sock')
  const own = join(folder, 'own.sock')
  await Promise.all([
    untilListening(t, ['--listen', shared, '--config', file]),
    untilListening(t, ['--listen', own]),
  ])
  const page = `targets/${hers}/debug/pprof/cmdline`
  const bobUrl = await tunnel(t, shared, bob)
  t.equal((await get(`${bobUrl}/${page}`)).status, 200, 'a member of the group')
  const rootUrl = await tunnel(t, own, undefined)
  t.equal((await get(`${rootUrl}/${page}`)).status, 200, 'the owner')
  const aliceUrl = await tunnel(t, shared, alice)
  await t.rejects(get(`${aliceUrl}/targets`), 'nobody else')
})

async function twoLogins(t: Test): Promise<readonly [Login, Login]> {
  // One after the other: useradd locks the files.
  return [await addLogin(t, 'alice'), await addLogin(t, 'bob')]
}

/** Resolves to the near end. */
async function tunnel(t: Test, remote: number | string, login: Login | undefined): Promise<string> {
  const options = login === undefined ? {} : { login: login.name }
  const { localPort } = await openSshTunnel(t, remote, options)
  return `http://127.0.0.1:${localPort}`
}

async function untilListening(t: Test, args: readonly string[]): Promise<void> {
  const { stdout } = spawnDaemon(t, { arguments: args })
  await stdout.waitForLine((line) => line.includes('"listening"'), 'that it listens', 20_000)
}

async function spawnNodeOf(t: Test, { uid }: Login): Promise<number> {
  const script = 'setInterval(() => { for (const end = Date.now() + 5; Date.now() < end; ); }, 10)'
  const [file = '', ...args] = asUser(
    uid,
    process.execPath,
    '--inspect-port=0',
    '-e',
    `${script}; console.log("pid", process.pid)`,
  )
  const { stdout } = spawnProcess(t, file, args, { cwd: '/' })
  const line = await stdout.waitFor(/^pid \d+/, 20_000)
  return Number(line.slice('pid '.length))
}
