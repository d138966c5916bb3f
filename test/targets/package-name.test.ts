import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { packageName } from '../../src/targets/package-name.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { newTargets } from './new-targets.ts'

t.test('the nearest package.json above the script names the package', async (t) => {
  const root = t.testdir({
    srv: {
      shop: {
        'package.json': '{"name": "@acme/shop"}',
        src: { 'main.js': '' },
        jobs: { 'package.json': '{"name": "jobs"}' },
        broken: { 'package.json': '{' },
        nameless: { 'package.json': '{"name": 7}' },
        large: { 'package.json': `{"name": "large", "x": "${'x'.repeat(300_000)}"}` },
      },
    },
  })
  // A folder in its place, as a pipe would, has no name and does not hold up the walk.
  mkdirSync(join(root, 'srv', 'shop', 'odd', 'package.json'), { recursive: true })
  const cases = [
    ['/srv/shop', 'src/main.js', '@acme/shop'],
    ['/', '/srv/shop/src/main.js', '@acme/shop'],
    ['/srv/shop', './jobs/run.js', 'jobs'],
    ['/srv/shop/jobs', '../src/main.js', '@acme/shop'],
    ['/srv/shop/broken', 'a.js', undefined],
    ['/srv/shop/nameless', 'a.js', undefined],
    ['/srv/shop/large', 'a.js', '@acme/shop'],
    ['/srv/shop/odd', 'a.js', '@acme/shop'],
    ['/srv', 'a.js', undefined],
    ['', '../../../a.js', undefined],
    ['/', `/${'a/'.repeat(100)}a.js`, undefined],
  ] as const
  for (const [workingDirectory, script, name] of cases) {
    t.equal(
      await packageName(root, workingDirectory, script),
      name,
      `${workingDirectory} ${script}`,
    )
  }
})

t.test('the service of a process is its package where nobody named it', async (t) => {
  const targets = newTargets(t)
  const plain = await spawnTarget(t, 'idle.cjs')
  t.match(await targets.resolve(String(plain.pid)), { name: 'idle.cjs', service: 'pprofd' })
  const named = await spawnTarget(t, 'idle.cjs', { env: { OTEL_SERVICE_NAME: 'shop' } })
  t.match(await targets.resolve(String(named.pid)), { name: 'shop', service: 'shop' })
})
