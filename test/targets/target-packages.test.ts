import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { readTargetPackages } from '../../src/targets/target-packages.ts'
import { Targets } from '../../src/targets/targets.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'

const idle =
  "console.log('ready ' + JSON.stringify({ pid: process.pid })); setInterval(() => {}, 1e6)"

/** An application of which some files are odd. */
function application(t: Test): string {
  const files = {
    'package.json': JSON.stringify({ name: 'shop', version: '2.1.0' }),
    'src/main.cjs': idle,
    'node_modules/tax/package.json': JSON.stringify({
      name: 'tax',
      version: '1.0.0',
      repository: { url: 'git+https://github.com/acme/tax.git', directory: 'packages/tax' },
    }),
    'node_modules/tax/esm/package.json': '{"type":"module"}',
    'node_modules/short/package.json': JSON.stringify({ name: 'short', repository: 'acme/short' }),
    'node_modules/broken/package.json': '{',
    'node_modules/odd/package.json': JSON.stringify({ name: 'odd', version: 7, repository: null }),
    'node_modules/vast/package.json': `{"name":"${'x'.repeat(300_000)}"}`,
  }
  const folder = t.testdir()
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  mkdirSync(join(folder, 'node_modules/pipe'))
  execFileSync('mkfifo', [join(folder, 'node_modules/pipe/package.json')])
  return folder
}

t.test('each file of a running process has its nearest package with a name', async (t) => {
  const folder = application(t)
  const { pid } = await spawnTarget(t, join(folder, 'src/main.cjs'), { cwd: join(folder, 'src') })
  const targets = new Targets({
    configured: [],
    discover: true,
    commandTimeoutMs: 10_000,
    maxMessageBytes: 1e6,
  })
  t.teardown(() => targets.close())
  const shop = { name: 'shop', version: '2.1.0', folder, repository: '', repositoryFolder: '' }
  const modules = join(folder, 'node_modules')
  const cases = {
    [join(folder, 'src/main.cjs')]: shop,
    [join(modules, 'tax/esm/index.js')]: {
      name: 'tax',
      version: '1.0.0',
      folder: join(modules, 'tax'),
      repository: 'git+https://github.com/acme/tax.git',
      repositoryFolder: 'packages/tax',
    },
    [join(modules, 'short/a.js')]: { name: 'short', version: '', repository: 'acme/short' },
    [join(modules, 'odd/a.js')]: { name: 'odd', version: '', repository: '' },
    [join(modules, 'broken/a.js')]: shop,
    [join(modules, 'pipe/a.js')]: shop,
    [join(modules, 'vast/a.js')]: shop,
  }
  const target = await targets.resolve(String(pid))
  const found = await targets.packages(target, [...Object.keys(cases), '/../../../no/such.js'])
  t.equal(found.mainFolder, folder)
  t.equal(found.workingDirectory, join(folder, 'src'))
  for (const [file, expected] of Object.entries(cases)) t.match(found.packageOf(file), expected)
  t.equal(found.packageOf(join(folder, '../../never/asked.js')), undefined)

  const unknown = await readTargetPackages({ ...target, pid: 0, argv: [] }, [], '/proc')
  t.equal(unknown.packageOf(join(folder, 'src/main.cjs')), undefined, 'of a port nothing is known')
})
