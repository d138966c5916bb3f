// The built command, as a shell sees it: exit code, one `error:` line, and nothing on stdout.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { runCli } from '../fixtures/support/daemon.ts'

t.setTimeout(180_000)

interface Case {
  readonly args: readonly string[]
  readonly code: 1 | 2
  readonly error: RegExp
  /** The `try:` line, where there is one. */
  readonly next?: RegExp
}

const help = /^pprofd --help$/
const list = /^pprofd ps$/
const seconds = /^--seconds \S+ is not allowed; give a number above 0 and up to 300$/
const hz = /^--hz \S+ is not allowed; give a number from 1 to 1000$/

const cases: readonly Case[] = [
  { args: ['bogus'], code: 2, error: /^Unknown argument: bogus$/, next: help },
  { args: ['ps', '--bogus'], code: 2, error: /^Unknown argument: bogus$/, next: help },
  { args: ['serve', '--bogus', '1'], code: 2, error: /^Unknown argument: bogus$/, next: help },
  { args: ['check'], code: 2, error: /^Not enough non-option arguments/, next: help },
  { args: ['check', 'self', 'twice'], code: 2, error: /^Unknown argument: twice$/, next: help },
  {
    args: ['profile', 'self', '--seconds'],
    code: 2,
    error: /^Not enough arguments.*seconds/,
    next: help,
  },
  { args: ['profile', 'self', '--seconds', '0'], code: 2, error: seconds },
  { args: ['profile', 'self', '--seconds', 'abc'], code: 2, error: seconds },
  { args: ['profile', 'self', '-s', '1e9'], code: 2, error: seconds },
  { args: ['profile', 'self', '-s=-1'], code: 2, error: seconds },
  { args: ['profile', 'self', '-s', '301'], code: 2, error: seconds },
  { args: ['profile', 'self', '-s', '1', '-s', '2'], code: 2, error: seconds },
  {
    args: ['goroutine', 'self', '--worker', '--deep'],
    code: 2,
    error: /^Arguments worker and deep are mutually exclusive$/,
    next: help,
  },
  { args: ['profile', 'self', '--hz', '0'], code: 2, error: hz },
  { args: ['profile', 'self', '--hz', '1001'], code: 2, error: hz },
  { args: ['profile', 'self', '--hz', 'x'], code: 2, error: hz },
  {
    args: ['profile', 'self', '--format', 'gif'],
    code: 2,
    error: /^Invalid values: Argument: format, Given: "gif", Choices: "pprof"/,
    next: help,
  },
  {
    args: ['profile', 'self', '-o', 'cpu.zip'],
    code: 2,
    error: /^-o cpu\.zip: the extension names no format; use one of \.pb\.gz, .* or --format$/,
  },
  {
    args: ['profile', 'self', '-s', '60', '-o', 'no/such/folder/cpu.md'],
    code: 2,
    error: /^cannot write no\/such\/folder\/cpu\.md: .*ENOENT/,
  },
  {
    args: ['profile', 'nobody', '-s', '1'],
    code: 1,
    error: /^there is no target "nobody"$/,
    next: list,
  },
  {
    args: ['profile', '999999999', '-s', '1'],
    code: 1,
    error: /^there is no process 999999999$/,
    next: list,
  },
  { args: ['check', 'nobody'], code: 1, error: /^there is no target "nobody"$/, next: list },
  { args: ['check', '999999999'], code: 1, error: /^there is no process 999999999$/, next: list },
  {
    args: ['serve', '--listen', '0.0.0.0:8081'],
    code: 2,
    error: /^--listen is "0\.0\.0\.0:8081", which is refused/,
  },
  {
    args: ['serve', '--limits.max-seconds', 'x'],
    code: 2,
    error: /^--limits\.max-seconds is "x", but must be/,
  },
  {
    args: ['serve', '--config', '/no/such.yaml'],
    code: 2,
    error: /\/no\/such\.yaml does not exist$/,
  },
]

for (const { args, code, error, next } of cases) {
  t.test(`pprofd ${args.join(' ')} exits with ${code} and says why`, async (t) => {
    const result = await runCli(args, { timeoutMs: 20_000 })
    t.equal(result.code, code, result.stderr)
    t.equal(result.stdout.toString(), '')
    const [errorLine = '', tryLine, ...more] = result.stderr.trimEnd().split('\n')
    t.match(errorLine, /^error: /)
    t.match(errorLine.slice('error: '.length), error)
    if (next === undefined) t.equal(tryLine, undefined)
    else t.match(tryLine?.replace(/^try: /, ''), next)
    t.same(more, [], 'no stack, no help page')
  })
}

t.test('a wrong configuration file is an error that names file, line and key', async (t) => {
  const folder = t.testdir()
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'pprofd.yaml')
  const files: readonly (readonly [text: string, error: RegExp])[] = [
    ['enabled: true\nlisen: 127.0.0.1:1\n', /pprofd\.yaml:2: .*lisen.*listen/],
    ['limits:\n  maxSeconds: 0\n', /pprofd\.yaml:2: limits\.maxSeconds .*1 to 3600/],
    ['listen: [\n', /pprofd\.yaml:\d/],
    ['targets:\n  - name: a\n', /pprofd\.yaml:2: targets/],
  ]
  for (const [text, error] of files) {
    writeFileSync(file, text)
    for (const command of [['serve'], ['ps'], ['config'], ['profile', 'self', '-s', '1']]) {
      const result = await runCli([...command, '--config', file])
      t.equal(result.code, 2, result.stderr)
      t.match(result.stderr, error)
      t.match(result.stderr, /^error: [^\n]+\n(try: [^\n]+\n)?$/, 'one sentence')
      t.equal(result.stdout.toString(), '')
    }
  }
})

t.test('the help and the version are no errors', async (t) => {
  for (const args of [['--help'], ['-h'], ['profile', '--help'], ['serve', '--help']]) {
    const { code, stdout, stderr } = await runCli(args)
    t.equal(code, 0)
    t.equal(stderr, '')
    t.match(stdout.toString(), /^pprofd /)
  }
  const { code, stdout } = await runCli(['--version'])
  t.equal(code, 0)
  t.match(stdout.toString(), /^\d+\.\d+\.\d+\n$/)
})
