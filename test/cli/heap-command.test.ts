// `pprofd heap` and `pprofd allocs` inside this process.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import { ask, spawnLeaky } from '../captures/leaky.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { runCliInProcess } from './captured-output.ts'

t.setTimeout(120_000)

for (const name of ['heap', 'allocs']) {
  t.test(`${name} writes pprof, and text where the extension says so`, async (t) => {
    const target = await spawnLeaky(t)
    const file = join(t.testdir(), `${name}.pb.gz`)
    const args = [name, String(target.pid), '-s', '0.5', '--gc', '-o']
    const written = await runCliInProcess(t, [...args, file])
    t.equal(written.exitCode, 0, String(written.error))
    t.match(written.stderr, new RegExp(`^wrote ${file}: leaky\\.cjs \\(pid ${target.pid}, Node v`))
    t.match(written.stderr, /stood still for at most \d+ ms\ntry: go tool pprof -http=: /)
    t.same(checkValid(readFileSync(file)), [])
    t.equal(statSync(file).mode & 0o777, 0o600)
    const expected = name === 'heap' ? 'inuse_space' : 'alloc_space'
    t.equal(decodeProfile(readFileSync(file)).defaultSampleType, expected)

    const text = join(t.testdir(), `${name}.txt`)
    await runCliInProcess(t, [...args, text])
    t.match(readFileSync(text, 'utf8'), /^heap profile: \d+: \d+ \[\d+: \d+\] @ heap\/2\n/)
    const piped = await runCliInProcess(t, [...args, '-'])
    t.equal(piped.stderr, '')
    const refused = await runCliInProcess(t, [...args, '-'], { isTerminal: true })
    t.match(refused.error, { tryNext: `pprofd ${name} ${target.pid} -o ${name}.pb.gz` })
    t.same(await listeningPorts(target.pid), [])
  })
}

t.test('heap names the file after the target, and tells of a foreign sampler', async (t) => {
  const target = await spawnLeaky(t)
  await ask(target, 'sample', 'sampling')
  const before = process.cwd()
  process.chdir(t.testdir())
  t.teardown(() => process.chdir(before))
  const { stderr } = await runCliInProcess(t, ['heap', String(target.pid)])
  t.ok(existsSync(`heap-leaky.cjs-${target.pid}.pb.gz`), stderr)
  t.match(stderr, / ms; its sampler ran already and was left on\n/)
  t.ok(Number(await ask(target, 'read', 'read')) > 0)
})

t.test('heap refuses what it cannot do before it attaches', async (t) => {
  const cases = [
    { args: ['-s', '0'], message: /^--seconds 0 is not allowed; give a number above 0/ },
    { args: ['-s', '301'], message: /^--seconds 301 is not allowed/ },
    { args: ['-o', '/no/such/a.txt'], message: /^cannot write \/no\/such/ },
  ]
  for (const { args, message } of cases) {
    t.match((await runCliInProcess(t, ['heap', 'self', ...args])).error, { message })
  }
})
