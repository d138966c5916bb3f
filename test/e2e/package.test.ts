// What a user gets: the tarball, installed with nothing at hand but Node and npm.
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { checkout } from '../fixtures/support/checkout.ts'
import { pprofdEnvironment } from '../fixtures/support/daemon.ts'
import { nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import { type CommandResult, runCommand } from '../fixtures/support/run-command.ts'
import { spawnProcess } from '../fixtures/support/spawn-target.ts'
import { get, profileUrl, spawnProfilable } from './profilable.ts'

const manifest = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'))

/** Of the packages that pprofd brings within its own files. */
const carried = ['acorn', 'fastify', 'inspector-api', 'pino', 'ws', 'yaml', 'yargs']

t.setTimeout(300_000)

const root = mkdtempSync(join(tmpdir(), 'pprofd-package-'))
t.teardown(() => rmSync(root, { recursive: true }))
// As `npm pack` does it, but elsewhere: here tests run that need dist/.
const packed = await runCommand('node', ['scripts/pack.mjs', root], {
  cwd: checkout,
  environment: 'user',
})
t.equal(packed.code, 0, packed.stderr)
const tarball = packed.stdout.toString().trim()
/** As the first Node installs it. */
const pprofd = join(root, basename(dirname(process.execPath)), 'bin', 'pprofd')

t.test('the package installs with no registry, no build and no warning on', async (t) => {
  for (const major of [20, 26] as const) {
    const { path, reason } = await nodeBinary(major)
    await t.test(`Node ${major}`, { skip: reason ?? false }, async (t) => {
      if (path !== undefined) await testInstallation(t, path)
    })
  }
})

t.test('what was installed runs on', async (t) => {
  for (const major of nodeMajors.filter((major) => major >= 20)) {
    const { path, reason } = await nodeBinary(major)
    await t.test(`Node ${major}`, { skip: reason ?? false }, async (t) => {
      const env = { PATH: `${dirname(path ?? '')}:${process.env.PATH}` }
      const profile = await runCommand(pprofd, ['profile', 'self', '-s', '1', '-o', '-'], { env })
      t.equal(profile.code, 0, profile.stderr)
      t.ok(gunzipSync(profile.stdout).includes(`v${major}.`), 'and was not another one')
      t.same(checkValid(profile.stdout), [])
    })
  }
})

t.test('the installation serves', async (t) => testServing(t))

t.test('npx runs the package', async (t) => {
  const args = ['--yes', '--package', tarball, 'pprofd', '--version']
  const { code, stdout, stderr } = await npm(process.execPath, 'npx', ...args)
  t.equal(code, 0, stderr)
  t.equal(stdout.toString().trim(), manifest.version)
})

t.test('the package holds what runs, with every licence, and no more', async (t) => {
  const folder = join(root, 'unpacked')
  mkdirSync(folder)
  await runCommand('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1'])
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)))

  t.same(
    files.filter((name) =>
      /\.(ts|map|test\.js)$|^(src|test|scripts|bench|demo|docs\/images)\//.test(name),
    ),
    [],
  )
  t.notOk(
    files.some((name) => /(^|\/)node_modules\//.test(name)),
    'one package',
  )
  const sizeMb = files.reduce((sum, name) => sum + lstatSync(join(folder, name)).size, 0) / 1e6
  t.ok(sizeMb < 5, `${sizeMb.toFixed(1)} MB`)
  t.comment(`installed: ${sizeMb.toFixed(1)} MB, to download ${lstatSync(tarball).size / 1e6} MB`)
  const licences = readFileSync(join(folder, 'dist', 'THIRD-PARTY-LICENSES.txt'), 'utf8')
  for (const name of carried) t.match(licences, licenceOf(name), name)
  t.notMatch(licences, /^@(?:aws-sdk|smithy)\//m)
  t.same(missingModules(folder, files), [], 'nothing that a module asks for was left out')
})

const noDpkg = (await runCommand('dpkg-deb', ['--version'])).code !== 0 && 'dpkg-deb is missing'

t.test('the Debian package has all in its place, and runs', { skip: noDpkg }, async (t) => {
  const built = await runCommand('node', ['scripts/debian.mjs', root], {
    cwd: checkout,
    environment: 'user',
  })
  t.equal(built.code, 0, built.stderr)
  const deb = built.stdout.toString().trim()
  const folder = join(root, 'debian')
  t.match(await runCommand('dpkg-deb', ['-x', deb, folder]), { code: 0 })
  const places = [
    'etc/pprofd/pprofd.yaml',
    'usr/lib/systemd/system/pprofd.service',
    'usr/lib/systemd/system/pprofd.socket',
    'usr/lib/systemd/user/pprofd.service',
    'usr/lib/pprofd/systemd/drop-ins/capabilities.conf',
    'usr/share/doc/pprofd/copyright',
  ]
  for (const place of places) t.ok(existsSync(join(folder, place)), place)
  const { stdout } = await runCommand('dpkg-deb', ['-f', deb, 'Version', 'Depends'])
  t.equal(stdout.toString(), `Version: ${manifest.version}\nDepends: nodejs (>= 20.19)\n`)

  const config = await runCommand(join(folder, 'usr/bin/pprofd'), [
    ...['config', '--config', join(folder, 'etc/pprofd/pprofd.yaml')],
  ])
  t.match(config, { code: 0, stderr: '' })
  const copyright = readFileSync(join(folder, 'usr/share/doc/pprofd/copyright'), 'utf8')
  for (const name of carried) t.match(copyright, licenceOf(name), name)
})

function licenceOf(name: string): RegExp {
  return new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\((?:MIT|ISC)\\)$`, 'm')
}

/** What a script asks for by a path of its own package, and is not there. */
function missingModules(folder: string, files: readonly string[]): readonly string[] {
  // At the begin of a line there are none of the types that comments import.
  const asked = /^(?!\s*(?:\*|\/))[^\n]*?(?:require\(|from |import\()\s*['"](\.\.?\/[^'"]+)['"]/gm
  return files
    .filter((name) => /\.[cm]?js$/.test(name))
    .flatMap((name) => {
      const { resolve } = createRequire(join(folder, name))
      const text = readFileSync(join(folder, name), 'utf8')
      const paths = Array.from(text.matchAll(asked), ([, path = '']) => path)
      return paths.filter((path) => !resolves(resolve, path)).map((path) => `${name}: ${path}`)
    })
}

function resolves(resolve: (path: string) => string, path: string): boolean {
  try {
    return resolve(path) !== ''
  } catch {
    return false
  }
}

async function testInstallation(t: Test, node: string): Promise<void> {
  const prefix = join(root, basename(dirname(node)))
  mkdirSync(prefix)
  const args = ['install', '--global', '--ignore-scripts', '--prefix', prefix, tarball]
  const { code, stderr } = await npm(node, 'npm', ...args)
  t.equal(code, 0, stderr)
  // What this machine's own npmrc is warned of is not ours.
  t.same(
    stderr.split('\n').filter((line) => /warn/.test(line) && !/Unknown .* config/.test(line)),
    [],
  )

  const env = { PATH: `${dirname(node)}:${process.env.PATH}` }
  const version = await runCommand(join(prefix, 'bin', 'pprofd'), ['--version'], { env })
  t.match(version, { code: 0, stderr: '' })
  t.equal(version.stdout.toString().trim(), manifest.version)
}

/** With the tree of a user: another one than the checkout's, whose development packages are there, too. */
async function testServing(t: Test): Promise<void> {
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

/** npm's own programs under the Node that is asked for, with an empty cache and without a network. */
async function npm(
  node: string,
  program: 'npm' | 'npx',
  ...args: readonly string[]
): Promise<CommandResult> {
  const { stdout } = await runCommand('npm', ['root', '--global'], { environment: 'user' })
  const cli = join(stdout.toString().trim(), 'npm', 'bin', `${program}-cli.js`)
  const quiet = ['--offline', '--no-audit', '--no-fund', '--cache', join(root, 'cache')]
  return runCommand(node, [cli, ...quiet, ...args], {
    cwd: root,
    environment: 'user',
    timeoutMs: 180_000,
  })
}
