import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../../src/config/load-config.ts'
import { defaultConfig } from './default-config.ts'

const both = { signal: true, enabled: true }

t.test('without file, environment and flags there are the defaults', async (t) => {
  const defaultFile = join(t.testdir(), 'none.yaml')
  t.strictSame(await loadConfig({ env: { HOME: '/root' }, defaultFile }), defaultConfig)
})

const files: readonly (readonly [text: string, changes: object])[] = [
  ['', {}],
  ['targets:\nlimits:\nprofile:\nlog:\n', {}],
  ['enabled: false', { enabled: false }],
  ['listen: localhost:0', { listen: { kind: 'tcp', host: '127.0.0.1', port: 0 } }],
  ['listen: unix:/run/p.sock', { listen: { kind: 'unix', path: '/run/p.sock' } }],
  ['defaultTarget: 12', { defaultTarget: '12' }],
  [
    'defaultTarget: self\ndiscover: { enabled: false }',
    { defaultTarget: 'self', discover: { enabled: false } },
  ],
  [
    'defaultTarget: 7\ndiscover: { enabled: false }',
    { defaultTarget: '7', discover: { enabled: false } },
  ],
  ['discover: { match: node .*/srv/ }', { discover: { enabled: true, match: 'node .*/srv/' } }],
  ['discover:', {}],
  ['log: { level: silent }', { log: { level: 'silent' } }],
  ['limits: { captures: 1 }', { limits: { ...defaultConfig.limits, captures: 1 } }],
  ['targets: [{ name: a, pid: 1 }]', { targets: [{ name: 'a', pid: 1, ...both }] }],
  [
    'targets: [{ name: 1a, port: 9229, signal: false }]',
    { targets: [{ ...both, name: '1a', port: 9229, signal: false }] },
  ],
  [
    'targets: [{ name: a.b_c-d, pidFile: /run/a.pid }]',
    { targets: [{ name: 'a.b_c-d', pidFile: '/run/a.pid', ...both }] },
  ],
  [
    'targets: [{ name: a, unit: a@1.service, enabled: false }]',
    {
      targets: [{ name: 'a', unit: 'a@1.service', enabled: false, signal: true }],
    },
  ],
  [
    'targets: [{ name: a, match: "^node (x|y)$" }]\ndefaultTarget: a\ndiscover: { enabled: false }',
    {
      targets: [{ name: 'a', match: '^node (x|y)$', ...both }],
      defaultTarget: 'a',
      discover: { enabled: false },
    },
  ],
]

t.test('a file changes what it names and leaves the rest at the defaults', async (t) => {
  for (const [text, changes] of files) {
    const file = join(t.testdir({ 'c.yaml': text }), 'c.yaml')
    t.strictSame(await loadConfig({ file, env: {} }), { ...defaultConfig, ...changes }, text)
  }
})

t.test('the file is overridden by the environment, and that by flags', async (t) => {
  const file = join(
    t.testdir({ 'c.yaml': 'profile: { hz: 1, seconds: 1 }\nenabled: false' }),
    'c.yaml',
  )
  const env = {
    PPROFD_CONFIG: file,
    PPROFD_PROFILE_HZ: '2',
    PPROFD_PROFILE_SECONDS: '2',
    HOME: '/',
  }
  const flags = { profile: { hz: 3 }, log: { level: 'debug' } }
  const { profile, enabled, log } = await loadConfig({ env, flags })
  t.strictSame(
    { profile, enabled, log },
    {
      profile: { hz: 3, seconds: 2 },
      enabled: false,
      log: { level: 'debug' },
    },
  )
})

t.test('a file can be loaded again after it changed', async (t) => {
  const file = join(t.testdir({ 'c.yaml': 'enabled: false' }), 'c.yaml')
  t.equal((await loadConfig({ file, env: {} })).enabled, false)
  writeFileSync(file, 'enabled: true')
  t.equal((await loadConfig({ file, env: {} })).enabled, true)
})

t.test(
  'the default duration is capped by limits.maxSeconds, a configured one is not',
  async (t) => {
    const file = join(t.testdir({ 'c.yaml': '' }), 'c.yaml')
    const env = { PPROFD_LIMITS_MAX_SECONDS: '10' }
    t.equal((await loadConfig({ file, env })).profile.seconds, 10)
    t.equal(
      (await loadConfig({ file, env, flags: { profile: { seconds: 10 } } })).profile.seconds,
      10,
    )
    await t.rejects(loadConfig({ file, env, flags: { profile: { seconds: 11 } } }), {
      message: '--profile.seconds is 11, but limits.maxSeconds allows 10 at most',
    })
  },
)

t.test(
  'both checks of the file hold, also where a variable overrides the wrong line',
  async (t) => {
    const file = join(t.testdir({ 'c.yaml': '\nlisten: 0.0.0.0:1\n' }), 'c.yaml')
    const env = { PPROFD_LISTEN: '127.0.0.1:1' }
    await t.rejects(loadConfig({ file, env }), { message: /c\.yaml:2: listen is "0\.0\.0\.0:1"/ })
  },
)

t.test('a file that is named must exist', async (t) => {
  const file = join(t.testdir(), 'none.yaml')
  const error = { code: 'config-invalid', message: `the configuration file ${file} does not exist` }
  await t.rejects(loadConfig({ file, env: {} }), error)
  await t.rejects(loadConfig({ env: { PPROFD_CONFIG: file } }), error)
})
