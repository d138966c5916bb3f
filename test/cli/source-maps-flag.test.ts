import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { spawnProfilable } from '../e2e/profilable.ts'
import { checkout } from '../fixtures/support/checkout.ts'
import { runCli } from '../fixtures/support/daemon.ts'

t.setTimeout(240_000)

const bundle = join(checkout, 'test/fixtures/maps/built/rollup-terser.mjs')

const cases: readonly (readonly [args: readonly string[], variable: string, isMapped: boolean])[] =
  [
    [[], 'true', true],
    [['--no-source-maps'], 'true', false],
    [[], 'false', false],
    [['--source-maps'], 'false', true],
  ]

t.test('--source-maps wins over the configuration', async (t) => {
  const target = await spawnProfilable(t, bundle, { nodeArguments: ['--no-opt'] })
  const file = join(t.testdir(), 'profile.txt')
  for (const [args, variable, isMapped] of cases) {
    const env = { PPROFD_SOURCE_MAPS: variable }
    for (const kind of [['profile', '--format', 'collapsed'], ['allocs']]) {
      const command = [...kind, String(target.pid), '-s', '1', '-o', file, ...args]
      const { code, stderr } = await runCli(command, { env })
      t.equal(code, 0, stderr)
      const text = readFileSync(file, 'utf8')
      const title = `${variable} ${command.join(' ')}`
      t.equal(/src\/numbers\.sumRoots/.test(text), isMapped, title)
      t.equal(/built\/rollup-terser\./.test(text), !isMapped, title)
    }
  }
})
