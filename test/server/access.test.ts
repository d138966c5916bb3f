// Who is let in, with requests of real users over real connections.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type AccessRules, ownersOnly } from '../../src/access/access-rules.ts'
import { callerOf, findCaller } from '../../src/server/caller.ts'
import { isConnected } from '../../src/server/is-connected.ts'
import { listen } from '../../src/server/listen.ts'
import { aliceUid, asUser, bobUid, getAs, otherUsersMissing } from '../fixtures/support/as-user.ts'
import { spawnProcess } from '../fixtures/support/spawn-target.ts'
import { listenAnywhere, type StartedApp, startApp } from './start-app.ts'

const skip = (await otherUsersMissing()) ?? false
const token = 'correct-horse-battery'

t.test(
  'root and whom the rules name are served, others are told what to do',
  { skip },
  async (t) => {
    const { url } = await start(t, { guestUids: new Set([aliceUid]) })
    for (const path of ['/targets', '/metrics', '/', '/nothing', '/targets/self']) {
      const { status, text } = await getAs(bobUid, url + path)
      t.equal(status, 403, path)
      t.equal(
        text,
        `uid ${bobUid} may not use this pprofd; whoever runs it can add the user to access.uids or access.groups of its configuration\n`,
      )
    }
    t.match(
      await getAs(bobUid, `${url}/healthz`),
      { status: 200, text: 'ok\n' },
      'health is no secret',
    )
    t.equal((await getAs(bobUid, `${url}/healthz`, '-H', 'Host: evil')).status, 403)
    t.equal((await getAs(aliceUid, `${url}/targets`)).status, 200)
    t.equal((await getAs(0, `${url}/targets`)).status, 200)
  },
)

t.test('nothing that a client says makes it another user', { skip }, async (t) => {
  const { url } = await start(t, {})
  const claims = ['X-Forwarded-For: 127.0.0.1', 'X-Real-IP: ::1', 'Forwarded: for=unix', 'X-Uid: 0']
  const headers = claims.flatMap((claim) => ['-H', claim])
  t.equal((await getAs(bobUid, `${url}/targets`, ...headers)).status, 403)
  t.equal(
    (await getAs(bobUid, `${url}/targets`, '-u', `root:${token}`)).status,
    403,
    'no token is set',
  )
  t.equal((await getAs(bobUid, `${url}/targets`, '--interface', '127.0.0.9')).status, 403)
  t.equal((await getAs(0, `${url}/targets`, '--interface', '127.0.0.9')).status, 200)
})

t.test('an IPv6 socket that speaks IPv4, and IPv6 itself, have a user', { skip }, async (t) => {
  const { url, port } = await start(t, { guestUids: new Set([aliceUid]) })
  const script = `require('net').connect(${port}, '::ffff:127.0.0.1').on('data', d => process.stdout.write(d))
    .write('GET /targets/self HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n')`
  for (const [uid, status] of [
    [aliceUid, 'self is pprofd'],
    [bobUid, 'may not use'],
  ] as const) {
    const [file = '', ...args] = asUser(uid, process.execPath, '-e', script)
    const client = spawnProcess(t, file, args, {})
    await client.waitForExit()
    t.match(client.stdout.text(), status, `${url} by ${uid}`)
  }
  const other = startApp(t, { access: { ...ownersOnly, guestUids: new Set([aliceUid]) } })
  const url6 = await listen(other.app, { kind: 'tcp', host: '::1', port: 0 })
  t.equal((await getAs(aliceUid, `${url6}/targets`)).status, 200)
  t.equal((await getAs(bobUid, `${url6}/targets`)).status, 403)
})

t.test('the token lets in, as Bearer and as password of anybody', { skip }, async (t) => {
  const { url } = await start(t, { token })
  const refused: readonly (readonly string[])[] = [
    [],
    ['-u', `bob:${token}x`],
    ['-u', `bob:x${token}`],
    ['-u', `${token}:`],
    ['-H', `Authorization: ${token}`],
    ['-H', `Authorization: Digest ${token}`],
    ['-H', 'Authorization: Bearer'],
    ['-H', `Authorization: Basic ${token}`],
    ['-H', 'Authorization: Basic Og=='],
  ]
  for (const args of refused) {
    const { status, head, text } = await getAs(bobUid, `${url}/metrics`, ...args)
    t.equal(status, 401, args.join(' '))
    t.match(head, /^www-authenticate: Basic realm="pprofd"\r?$/im)
    t.match(text, /^uid \d+ may not use this pprofd; .* or send the token of access\.tokenFile/)
    t.notOk(text.includes(token))
  }
  for (const args of [
    ['-u', `anybody:${token}`],
    ['-u', `:${token}`],
    ['-H', `Authorization: bearer ${token}`],
  ]) {
    t.equal((await getAs(bobUid, `${url}/metrics`, ...args)).status, 200, args.join(' '))
  }
  t.equal((await getAs(0, `${url}/metrics`, '-u', 'root:wrong')).status, 200, 'root needs none')
  const crossSite = ['-H', `Authorization: Bearer ${token}`, '-H', 'Origin: http://evil.example']
  t.equal(
    (await getAs(bobUid, `${url}/metrics`, ...crossSite)).status,
    403,
    'the guard comes first',
  )
})

t.test('a guest sees and uses only processes of its own', { skip }, async (t) => {
  const { url } = await start(t, {
    guestUids: new Set([aliceUid, bobUid]),
    deny: ['profile'],
  })
  const [hers, his, rootsPid] = await Promise.all(
    [aliceUid, bobUid, 0].map((uid) => spawnNodeAs(t, uid)),
  )
  const { targets } = JSON.parse((await getAs(aliceUid, `${url}/targets`)).text)
  t.same(
    targets.map(({ pid, uid }: { pid: number; uid: number }) => [pid, uid]),
    [[hers, aliceUid]],
    'no other process, and not pprofd',
  )
  const page = (await getAs(aliceUid, `${url}/`)).text
  t.ok(page.includes(`/targets/${hers}/`) && !page.includes(`/targets/${his}/`))
  const theDefault = await getAs(aliceUid, `${url}/debug/pprof/cmdline`)
  t.match(theDefault, { status: 200, text: /setInterval/ }, 'the only target there is for her')
  for (const path of ['', '/preflight', '/debug/pprof/threadcreate']) {
    t.equal((await getAs(aliceUid, `${url}/targets/${hers}${path}`)).status, 200, path)
    for (const self of ['self', process.pid]) {
      t.match(await getAs(aliceUid, `${url}/targets/${self}${path}`), {
        status: 403,
        text: 'self is pprofd, which only root and its own user may profile\n',
      })
    }
    for (const other of [his, rootsPid]) {
      const { status, text } = await getAs(aliceUid, `${url}/targets/${other}${path}`)
      t.equal(status, 403, `${other}${path}`)
      t.match(
        text,
        /may use only processes that are its own in every respect; access\.targets: any/,
      )
    }
  }
  t.equal((await getAs(aliceUid, `${url}/debug/pprof/cmdline?target=${his}`)).status, 403)
  const denied = await getAs(aliceUid, `${url}/targets/${hers}/debug/pprof/profile?seconds=1`)
  t.match(denied, { status: 403, text: /allows you no profile: .* access\.deny/ })
  for (const pid of [hers, his]) {
    t.equal((await getAs(0, `${url}/targets/${pid}/debug/pprof/cmdline`)).status, 200, 'root may')
  }
})

t.test('a guest sees and ends only captures of its own', { skip }, async (t) => {
  const { url } = await start(t, { guestUids: new Set([aliceUid, bobUid]) })
  for (const uid of [aliceUid, bobUid]) {
    const pid = await spawnNodeAs(t, uid)
    const answer = await getAs(uid, `${url}/targets/${pid}/debug/pprof/threadcreate`)
    t.equal(answer.status, 200, answer.text)
  }
  const seenBy = async (uid: number): Promise<{ id: string; caller: { uid: number } }[]> =>
    JSON.parse((await getAs(uid, `${url}/captures`)).text).captures
  const uidsSeenBy = async (uid: number) => (await seenBy(uid)).map(({ caller }) => caller.uid)
  t.strictSame(await uidsSeenBy(aliceUid), [aliceUid])
  t.strictSame(await uidsSeenBy(bobUid), [bobUid])
  t.strictSame(await uidsSeenBy(0), [bobUid, aliceUid])
  const [hers] = await seenBy(aliceUid)
  const one = `${url}/captures/${hers?.id}`
  t.equal((await getAs(aliceUid, one)).status, 200)
  t.equal((await getAs(bobUid, one)).status, 404)
  t.equal((await getAs(bobUid, one, '-X', 'DELETE')).status, 404)
  t.equal((await getAs(0, one, '-X', 'DELETE')).status, 409, 'it has ended')
})

t.test('access.targets: any opens those of others, but for what is denied', { skip }, async (t) => {
  const { url } = await start(t, { token, targets: 'any', deny: ['threadcreate'] })
  const his = await spawnNodeAs(t, bobUid)
  const path = `${url}/targets/${his}/debug/pprof`
  const bearer = ['-H', `Authorization: Bearer ${token}`]
  t.equal((await getAs(aliceUid, `${path}/cmdline`, ...bearer)).status, 200)
  t.equal((await getAs(aliceUid, `${url}/targets/self`, ...bearer)).status, 403, 'but for pprofd')
  t.equal((await getAs(aliceUid, `${path}/threadcreate`, ...bearer)).status, 403)
  t.equal((await getAs(0, `${path}/threadcreate`)).status, 200)
})

t.test("a unix socket is its owner's; wider ones make guests", { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'pprofd-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  chmodSync(folder, 0o755)
  const path = join(folder, 's')
  const { app } = startApp(t, {})
  await listen(app, { kind: 'unix', path })
  const over = ['--unix-socket', path]
  t.equal((await getAs(0, 'http://localhost/targets/self', ...over)).status, 200)
  t.equal((await getAs(aliceUid, 'http://localhost/targets', ...over)).status, 0)
  chmodSync(path, 0o666)
  t.match(await getAs(aliceUid, 'http://localhost/targets', ...over), {
    status: 200,
    text: '{\n  "targets": []\n}\n',
  })
  const path1 = 'http://localhost/targets/1'
  t.match(await getAs(aliceUid, path1, ...over), {
    status: 403,
    text: /who asks is not known, so that no process counts as theirs/,
  })
})

t.test('where the kernel tells no user, the token is all that counts', { skip }, async (t) => {
  const open = await start(t, { knowsPeers: false })
  t.equal((await getAs(bobUid, `${open.url}/targets/self`)).status, 200)
  const closed = await start(t, { knowsPeers: false, token })
  t.match(await getAs(0, `${closed.url}/targets`), {
    status: 401,
    text: /^pprofd wants its token;/,
  })
  t.equal((await getAs(bobUid, `${closed.url}/targets/self`, '-u', `x:${token}`)).status, 200)
})

t.test(
  'the caller of a request is known to routes, however many a connection has',
  { skip },
  async (t) => {
    const started = startApp(t, { access: { ...ownersOnly, guestUids: new Set([aliceUid]) } })
    const callers: unknown[] = []
    started.app.addHook('preHandler', async ({ raw }) => void callers.push(callerOf(raw)))
    const url = `http://127.0.0.1:${await listenAnywhere(started.app)}`
    await getAs(aliceUid, `${url}/metrics`, `${url}/metrics`)
    const [first, second] = callers
    t.match(first, { uid: aliceUid, address: /^127\.0\.0\.1:\d+$/ })
    t.same(first, second)
  },
)

t.test('a socket that was not accepted is nobody', async (t) => {
  const socket = new Socket()
  t.equal(await findCaller({ socket }), undefined)
  t.equal(isConnected(socket), false)
  t.same(callerOf({ socket }), { uid: undefined, address: 'unix' })
})

async function start(
  t: Test,
  rules: Partial<AccessRules>,
): Promise<StartedApp & { readonly url: string; readonly port: number }> {
  const started = startApp(t, { access: { ...ownersOnly, ...rules } })
  const port = await listenAnywhere(started.app)
  return { ...started, port, url: `http://127.0.0.1:${port}` }
}

/** Resolves to its pid, which setpriv hands on. */
async function spawnNodeAs(t: Test, uid: number): Promise<number> {
  const script = 'setInterval(() => {}, 1000); console.log("pid", process.pid)'
  const [file = '', ...args] = asUser(uid, process.execPath, '--inspect-port=0', '-e', script)
  const { stdout } = spawnProcess(t, file, args, { cwd: '/' })
  const line = await stdout.waitFor(/^pid \d+/, 20_000)
  return Number(line.slice('pid '.length))
}
