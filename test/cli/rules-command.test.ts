// `pprofd rules` looks and touches nothing: neither a target nor what the daemon has written down.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { pprofdEnvironment } from '../fixtures/support/daemon.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { runCliInProcess } from './captured-output.ts'

t.setTimeout(120_000)

t.test('without rules it says where some are', async (t) => {
  const { exitCode, stdout } = await runCliInProcess(t, ['rules', '--config', '/dev/null'])
  t.equal(exitCode, 0)
  t.equal(stdout, 'The configuration has no rules. docs/rules.md has some to paste.\n')
  const json = await runCliInProcess(t, ['rules', '--json', '--config', '/dev/null'])
  t.same(JSON.parse(json.stdout), { rules: [] })
  const wrong = await runCliInProcess(t, ['rules', '-s', 'x', '--config', '/dev/null'])
  t.match(wrong.error, { code: 'parameter-invalid', message: /^--seconds x is not allowed/ })
})

t.test('it prints what each rule measures, and what is left of its budget', async (t) => {
  // A signal would be heard: SIGUSR1 opens an inspector and says so on stderr.
  const target = await spawnTarget(t, 'idle.cjs', { nodeArguments: ['--inspect-port=0'] })
  const { file, folder } = configOf(t, target.pid)
  mkdirSync(folder, { recursive: true })
  const book = join(folder, 'rules.json')
  const firings = { atMs: [Date.now() - 3_600_000], failures: 0, failedAtMs: 0, instances: [] }
  writeFileSync(
    book,
    JSON.stringify({ version: 1, firings: [{ rule: 'big', target: 'api', firings }], starts: [] }),
  )
  const before = readFileSync(book, 'utf8')

  const now = await runCliInProcess(t, ['rules', '--config', file])
  t.equal(now.exitCode, 0, String(now.error))
  const [head, ...rows] = now.stdout.trimEnd().split('\n')
  t.match(head, /^RULE +TARGET +NOW +LEFT +STATE +WHY$/)
  t.match(rows, [
    /^hot +api \(\d+\) +\d\.\d\d cores +3 of 3 +below +CPU /,
    /^big +api \(\d+\) +\d+\.\d MiB +1 of 2 +(filling|cooldown) +resident memory /,
    /^heap +api \(\d+\) +- +3 of 3 +unknown +unknown: needs record\.continuous/,
    /^gone +gone +- +3 of 3 +not running +no process of this name runs/,
    /^none +- +- +- +- +no target that the configuration opts in has a command line that match fits$/,
  ])
  t.equal(now.stderr, '')

  const dry = await runCliInProcess(t, ['rules', '--dry-run', '-s', '4', '--config', file])
  t.equal(dry.exitCode, 0, String(dry.error))
  t.match(
    dry.stdout,
    /^\S+Z {2}big would take heap of 4 s of api \(pid \d+\): resident memory .* at or above 1\.0 MiB\nOne capture would have been taken in 4 s\n\nRULE /,
  )
  const json = await runCliInProcess(t, [
    'rules',
    '--dry-run',
    '-s',
    '0.2',
    '--json',
    '--config',
    file,
  ])
  const { wouldHaveFired, rules } = JSON.parse(json.stdout)
  t.same(wouldHaveFired, [])
  t.equal(rules.length, 5)

  t.equal(readFileSync(book, 'utf8'), before)
  t.notOk(existsSync(join(folder, 'captures')))
  t.same(await listeningPorts(target.pid), [])
  t.equal(target.stderr.text(), '')
  writeFileSync(book, 'broken')
  const broken = await runCliInProcess(t, ['rules', '--config', file])
  t.match(
    broken.stderr,
    /^warning: .*rules\.json is not readable: .*; budgets are shown as unused\n$/,
  )
})

function configOf(t: Test, pid: number) {
  const folder = pprofdEnvironment.PPROFD_STATE_DIR
  const file = join(t.testdir(), 'pprofd.yaml')
  const lines = [
    `targets: [{ name: api, pid: ${pid} }, { name: gone, match: no-such-program-anywhere }]`,
    'rules:',
    '- { name: hot, when: { cpu: 0.9 }, do: profile, targets: [api] }',
    // A second: the dry run covers it several times, and its budget lets it fire once.
    '- { name: big, when: { memoryBytes: 1048576 }, do: heap, for: 1, targets: [api], atMost: 2 }',
    '- { name: heap, when: { heapShare: 0.9 }, do: heap, targets: [api] }',
    '- { name: gone, when: { cpu: 0.9 }, do: profile, targets: [gone] }',
    '- { name: none, when: { cpu: 0.9 }, do: profile, match: no-such-program-anywhere }',
  ]
  writeFileSync(file, lines.join('\n'))
  return { folder, file }
}
