/** Beside yargs: where the two read the same words, they read the same out of them. */
import fc from 'fast-check'
import t from 'tap'
import yargs from 'yargs'
import { configFlags } from '../../src/cli/config-flags.ts'
import { addServeCommand } from '../../src/cli/serve.ts'
import { plainServeArguments } from '../../src/cli/serve-arguments.ts'

t.test('usual command lines of a daemon are read without yargs', async (t) => {
  const cases: readonly (readonly [string, object])[] = [
    ['', {}],
    ['serve', {}],
    ['serve --listen 127.0.0.1:0', { listen: '127.0.0.1:0' }],
    ['--listen=[::1]:0', { listen: '[::1]:0' }],
    [
      'serve --config /etc/x.yaml --limits.max-seconds=5 --discover.enabled',
      { config: '/etc/x.yaml', 'limits.max-seconds': '5', 'discover.enabled': true },
    ],
    ['serve --state-dir /a=b --log.level', { read: 'by yargs' }],
    ['serve --state-dir /a=b', { 'state-dir': '/a=b' }],
  ]
  for (const [line, expected] of cases) {
    const argv = line.split(' ').filter((word) => word !== '')
    t.same(plainServeArguments(argv) ?? { read: 'by yargs' }, expected, line)
  }
})

t.test('what is not plain is left to yargs', async (t) => {
  const lines = ['ps', 'check 1', 'serve --help', '-h', '--version', 'serve --nothing 1', 'serve x']
  const flags = ['--no-enabled', '--enabled=false', '--enabled false', '--listen', '--stateDir /x']
  const values = [
    '--listen=',
    '--listen "a"',
    '--listen -1',
    '--listen a --listen b',
    '--',
    '--x -- y',
  ]
  for (const line of [...lines, ...flags, ...values]) {
    t.equal(plainServeArguments(line.split(' ')), undefined, line)
  }
})

t.test('yargs reads the same', async (t) => {
  const words = [
    ...[
      'serve',
      'ps',
      '--',
      '-h',
      '--config',
      '--config=/x',
      '--listen',
      '--listen=a',
      '--listen=b',
    ],
    ...['--enabled', '--no-enabled', '--enabled=false', '--limits.captures', '--limits.captures=5'],
    ...[
      '--attach.linger',
      '--stateDir',
      '--state-dir',
      '5',
      '0x10',
      'true',
      'false',
      '/x',
      '[::1]:1',
    ],
    ...["'a'", '"a"', '', 'a b', '-1', '1e3', '--log.level=', '--log.level=1=2', '007', 'a\nb'],
  ]
  let plain = 0
  const property = fc.asyncProperty(
    fc.array(fc.constantFrom(...words), { maxLength: 5 }),
    async (argv) => {
      const ours = plainServeArguments(argv)
      if (ours === undefined) return true
      plain++
      const theirs = await readByYargs(argv)
      const [one, other] = [ours, theirs].map((args) => [args?.config, configFlags({ ...args })])
      return JSON.stringify(one) === JSON.stringify(other)
    },
  )
  await fc.assert(property, { numRuns: 1000, examples: [[['serve']], [['--config', 'x']]] })
  t.ok(plain > 20, `${plain} were plain`)
})

type Flags = Readonly<Record<string, unknown>>

/** Undefined where it refuses them. */
async function readByYargs(argv: readonly string[]): Promise<Flags | undefined> {
  let read: Flags | undefined
  const cli = yargs()
    .parserConfiguration({ 'dot-notation': false, 'parse-positional-numbers': false })
    .option('config', { type: 'string', requiresArg: true })
    .strict()
    .exitProcess(false)
    .fail(() => {})
  const run = () => (args: Flags) => {
    read = args
  }
  addServeCommand({ cli, run, isWithoutHelp: true })
  await cli.parseAsync([...argv])
  return read
}
