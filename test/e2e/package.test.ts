// What a user gets: `npm pack`, then `npm install` of the tarball into an empty folder.
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { checkout } from '../fixtures/support/checkout.ts'
import { pprofdEnvironment } from '../fixtures/support/daemon.ts'
import { type CommandResult, runCommand } from '../fixtures/support/run-command.ts'
import { spawnProcess } from '../fixtures/support/spawn-target.ts'
import { get, profileUrl, spawnProfilable } from './profilable.ts'

t.setTimeout(300_000)

/** npm's words for a registry that cannot be asked. */
const offline =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT/

t.test('the package works where only npm has been', async (t) => {
  // Not below the checkout: Node would find its node_modules, too.
  const folder = mkdtempSync(join(tmpdir(), 'pprofd-package-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const app = join(folder, 'app')
  mkdirSync(app)
  writeFileSync(join(app, 'package.json'), '{ "private": true }\n')

  // Without scripts: the build would take dist/ away from tests that run at the same time.
  const pack = await npm(checkout, 'pack', '--ignore-scripts', '--pack-destination', folder)
  t.equal(pack.code, 0, pack.stderr)
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? ''
  const install = await npm(app, 'install', '--no-audit', '--no-fund', join(folder, tarball))
  if (install.code !== 0 && offline.test(install.stderr)) {
    t.pass('the package was not installed', { skip: 'the registry cannot be reached' })
    return
  }
  t.equal(install.code, 0, install.stderr)
  const pprofd = join(app, 'node_modules', '.bin', 'pprofd')

  await t.test(
    'as one package, without an S3 SDK, with the licences of what it carries',
    async (t) => {
      t.same(installedPackages(app), ['node_modules/pprofd'])
      const sizeMb = folderBytes(join(app, 'node_modules')) / 1e6
      t.ok(sizeMb < 5, `${sizeMb.toFixed(1)} MB`)
      t.comment(`installed: ${sizeMb.toFixed(1)} MB`)
      const dist = join(app, 'node_modules', 'pprofd', 'dist')
      const licences = readFileSync(join(dist, 'THIRD-PARTY-LICENSES.txt'), 'utf8')
      for (const name of ['fastify', 'inspector-api', 'pino', 'ws', 'yargs']) {
        t.match(licences, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(MIT\\)$`, 'm'))
      }
      t.notMatch(licences, /^@(?:aws-sdk|smithy)\//m)
    },
  )

  await t.test('tells its version', async (t) => {
    const { code, stdout } = await runCommand(pprofd, ['--version'])
    t.equal(code, 0)
    const manifest = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'))
    t.equal(stdout.toString().trim(), manifest.version)
  })

  await t.test('profiles itself and a target', async (t) => {
    const target = await spawnProfilable(t, 'busy.mjs')
    for (const name of ['self', String(target.pid)]) {
      const profile = await runCommand(pprofd, ['profile', name, '-s', '1', '-o', '-'], {
        cwd: app,
      })
      t.equal(profile.code, 0, profile.stderr)
      t.same(checkValid(profile.stdout), [])
    }
  })

  await t.test('serves', async (t) => testServing(t, pprofd))
})

/** The tree of a user differs from the checkout's: package.json overrides a package for development. */
async function testServing(t: Test, pprofd: string): Promise<void> {
  const target = await spawnProfilable(t, 'busy.cjs')
  const daemon = spawnProcess(t, pprofd, ['serve', '--listen', '127.0.0.1:0'], {
    env: pprofdEnvironment,
  })
  const line = await daemon.stdout.waitFor(/"msg":"listening"/, 20_000)
  const { url } = JSON.parse(line)
  for (const name of ['self', String(target.pid)]) {
    const { status, bytes } = await get(profileUrl(url, name, 'seconds=1'))
    t.equal(status, 200)
    t.same(checkValid(bytes), [])
  }
  daemon.child.kill('SIGTERM')
  t.match(await daemon.waitForExit(), { code: 0 })
}

function npm(cwd: string, ...args: readonly string[]): Promise<CommandResult> {
  return runCommand('npm', args, { cwd, environment: 'user', timeoutMs: 180_000 })
}

/** What npm itself wrote down, the application left out. */
function installedPackages(app: string): readonly string[] {
  const file = join(app, 'node_modules', '.package-lock.json')
  return Object.keys(JSON.parse(readFileSync(file, 'utf8')).packages)
}

function folderBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => lstatSync(join(folder, name)))
    .filter((entry) => entry.isFile())
    .reduce((sum, { size }) => sum + size, 0)
}
