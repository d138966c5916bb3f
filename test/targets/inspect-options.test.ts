import t from 'tap'
import { inspectAddress, isLoopbackHost } from '../../src/targets/inspect-options.ts'

const byDefault = { host: '127.0.0.1', port: 9229 }

interface Case {
  readonly argv?: string
  readonly nodeOptions?: string
  readonly expected: { readonly host: string; readonly port: number }
}

const cases: readonly Case[] = [
  { expected: byDefault },
  { argv: 'app.js', expected: byDefault },
  { argv: '--inspect-port=0 app.js', expected: { ...byDefault, port: 0 } },
  { argv: '--inspect-port 9300 app.js', expected: { ...byDefault, port: 9300 } },
  { argv: '--debug-port=9301 app.js', expected: { ...byDefault, port: 9301 } },
  { argv: '--inspect app.js', expected: byDefault },
  { argv: '--inspect=9302 app.js', expected: { ...byDefault, port: 9302 } },
  { argv: '--inspect-brk=9303 app.js', expected: { ...byDefault, port: 9303 } },
  { argv: '--inspect-wait=9304 app.js', expected: { ...byDefault, port: 9304 } },
  { argv: '--inspect=0.0.0.0 app.js', expected: { host: '0.0.0.0', port: 9229 } },
  { argv: '--inspect=0.0.0.0:1 app.js', expected: { host: '0.0.0.0', port: 1 } },
  { argv: '--inspect-port=[::1]:2 app.js', expected: { host: '[::1]', port: 2 } },
  { argv: '--inspect-port=example.org:3 app.js', expected: { host: 'example.org', port: 3 } },
  { argv: '--inspect-port=:4 app.js', expected: { ...byDefault, port: 4 } },
  { argv: '--inspect=1 --inspect-port=2 app.js', expected: { ...byDefault, port: 2 } },
  { argv: '--inspect-publish-uid=stderr app.js', expected: byDefault },
  { argv: 'app.js --inspect=0.0.0.0:5', expected: byDefault },
  { argv: '-- app.js --inspect=0.0.0.0:5', expected: byDefault },
  { argv: '-- --inspect=5', expected: byDefault },
  { argv: '-r ./hook.js --inspect=6 app.js', expected: { ...byDefault, port: 6 } },
  { argv: '--max-old-space-size 100 --inspect=7', expected: { ...byDefault, port: 7 } },
  { argv: '--inspect_port=11 app.js', expected: { ...byDefault, port: 11 } },
  { argv: '--inspect_port=127.0.0.2:a_b', expected: { host: '127.0.0.2:a_b', port: 9229 } },
  { argv: '--debug-port 12 app.js', expected: { ...byDefault, port: 12 } },
  {
    argv: '--some-flag value --inspect-port=0.0.0.0:13 app.js',
    expected: { host: '0.0.0.0', port: 9229 },
  },
  { argv: '--some-flag app.js --inspect=14', expected: byDefault },
  { argv: '--some=flag app.js --inspect=0.0.0.0', expected: byDefault },
  { nodeOptions: '--inspect-port=8', argv: 'app.js', expected: { ...byDefault, port: 8 } },
  {
    nodeOptions: ' --require x\t--inspect=0.0.0.0:9 ',
    argv: '--inspect-port=10 app.js',
    expected: { host: '0.0.0.0', port: 10 },
  },
]

for (const { argv = '', nodeOptions, expected } of cases) {
  t.test(`node ${argv} with NODE_OPTIONS=${nodeOptions ?? ''}`, async (t) => {
    const words = argv === '' ? [] : argv.split(' ')
    t.strictSame(inspectAddress(nodeOptions, ['node', ...words]), expected)
  })
}

t.test('hosts that 127.0.0.1 reaches', async (t) => {
  for (const host of [
    '127.0.0.2',
    '::1',
    '[::1]',
    '0.0.0.0',
    '192.168.1.1',
    '::',
    '[::]',
    'example.org',
    '',
    '1270.0.0.1',
  ]) {
    t.equal(isLoopbackHost(host), false, host)
  }
  for (const host of ['127.0.0.1', 'localhost']) t.equal(isLoopbackHost(host), true, host)
})
