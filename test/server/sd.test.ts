import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ownersOnly } from '../../src/access/access-rules.ts'
import { listen } from '../../src/server/listen.ts'
import { aliceUid, asUser, getAs, otherUsersMissing } from '../fixtures/support/as-user.ts'
import { runCommand } from '../fixtures/support/run-command.ts'
import { spawnProcess } from '../fixtures/support/spawn-target.ts'
import { temporaryFolder } from '../proc/temporary-folder.ts'
import { configured, spawnObedient, until } from '../targets/new-targets.ts'
import { listenAnywhere, startApp } from './start-app.ts'

/** In the command lines of this test's targets only. */
const mark = `sd-${process.pid}`

const description = readFileSync(new URL('../../docs/endpoints/sd.md', import.meta.url), 'utf8')

const skip = (await otherUsersMissing()) ?? false

t.test(
  'only what the configuration opts in is discovered, and nothing is attached to',
  async (t) => {
    const listed = await spawnObedient(t, { programArguments: [mark] })
    const matched = await spawnObedient(t, {
      env: { DD_SERVICE: 'billing' },
      programArguments: [mark],
    })
    const { pid } = listed
    // The first entry of a process says what it is called.
    const targets = { configured: [configured('shop', { pid }), configured('other', { pid })] }
    const { app } = startApp(t, { targets })
    const answer = await app.inject({ url: '/sd', headers: { host: 'localhost:18081' } })
    t.equal(answer.statusCode, 200)
    t.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
    const [group, ...others] = answer.json()
    t.strictSame(others, [], 'neither what is not listed nor pprofd itself')
    t.strictSame(group.targets, ['localhost:18081'], 'as the scraper called it')
    const { __param_target: selector, __meta_pprofd_script: script, ...labels } = group.labels
    t.strictSame(labels, {
      service_name: 'shop',
      instance: `${hostname()}:${listed.pid}`,
      pid: String(listed.pid),
      node_version: process.version,
      __meta_pprofd_target: 'shop',
      __meta_pprofd_name: 'shop',
    })
    t.match(script, /^\/.*\/obeys-lines\.cjs$/)
    for (const name of Object.keys(group.labels)) t.match(description, `\`${name}\``)
    const page = await app.inject({ url: '/debug/pprof/cmdline', query: { target: selector } })
    t.match(page.body, 'obeys-lines', 'the selector means the process')
    t.strictSame((await app.inject({ url: '/sd' })).json()[0].targets, ['localhost:80'])

    const again = startApp(t, { targets: { ...targets, discoverMatch: `${mark}$` } })
    const groups = (await again.app.inject('/sd')).json()
    const byPid = (pid: number) =>
      groups.find(({ labels }: { labels: { pid: string } }) => labels.pid === String(pid))
    t.strictSame(byPid(listed.pid).labels, group.labels, 'the same from another daemon')
    t.equal(byPid(matched.pid).labels.service_name, 'billing')
    const instances = groups.map(({ labels }: { labels: { instance: string } }) => labels.instance)
    t.equal(new Set(instances).size, instances.length, 'each process once')
    const named = configured('named', { match: `${mark}$` })
    const { app: byMatch } = startApp(t, { targets: { configured: [named] } })
    for (const { labels } of (await byMatch.inject('/sd')).json()) {
      t.equal(labels.service_name, 'named', 'the configuration knows first')
    }
    t.notMatch(listed.stderr.text() + matched.stderr.text(), 'Debugger', 'no inspector was opened')
  },
)

t.test('nothing opted in is an empty list, and a port has no pid', async (t) => {
  t.strictSame((await startApp(t).app.inject('/sd')).json(), [])
  const byPort = { configured: [configured('debugged', { port: 9 })] }
  const [group] = (await startApp(t, { targets: byPort }).app.inject('/sd')).json()
  t.strictSame(group.labels, {
    __param_target: 'debugged',
    service_name: 'debugged',
    instance: `${hostname()}:inspector-9`,
    __meta_pprofd_target: 'debugged',
    __meta_pprofd_name: 'debugged',
  })
})

t.test('guests discover and measure their own processes only', { skip }, async (t) => {
  const spawned = await spawnObedient(t)
  const own = await runsAs(t, aliceUid)
  const entries = [configured('root', { pid: spawned.pid }), configured('alice', { pid: own })]
  const access = { ...ownersOnly, guestUids: new Set([aliceUid]) }
  const { app } = startApp(t, { targets: { configured: entries }, access })
  const url = `http://127.0.0.1:${await listenAnywhere(app)}`
  for (const [uid, seen] of [
    [0, ['root', 'alice']],
    [aliceUid, ['alice']],
  ] as const) {
    const groups: { labels: { service_name: string } }[] = JSON.parse(
      (await getAs(uid, `${url}/sd`)).text,
    )
    t.strictSame(
      groups.map(({ labels }) => labels.service_name),
      seen,
    )
    const { text } = await getAs(uid, `${url}/metrics`)
    t.equal(/pprofd_target_info\{service_name="root"/.test(text), uid === 0)
    t.match(text, /pprofd_target_info\{service_name="alice"/)
  }
})

t.test('on a unix socket the address is what the client says, or nothing', async (t) => {
  const { app } = startApp(t)
  const path = join(temporaryFolder(t), 'pprofd.sock')
  await listen(app, { kind: 'unix', path })
  const ask = async (host: string) => {
    const { stdout } = await runCommand('curl', ['-sS', '--unix-socket', path, `http://${host}/sd`])
    return stdout.toString()
  }
  t.match(await ask('localhost'), /^scrapers cannot reach a unix socket; /)
  t.equal((await ask('localhost:9000')).trim(), '[]')
})

/** The pid of a process of that user, which may not read the checkout. */
async function runsAs(t: Test, uid: number): Promise<number> {
  const [file = '', ...args] = asUser(
    uid,
    process.execPath,
    '-e',
    'console.log(1); setInterval(() => {}, 1e6)',
  )
  const spawned = spawnProcess(t, file, args, {})
  await until(() => spawned.stdout.text() !== '')
  return spawned.pid
}
