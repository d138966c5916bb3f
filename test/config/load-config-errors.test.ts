import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../../src/config/load-config.ts'
import { InputError } from '../../src/errors.ts'

const top =
  'enabled, listen, targets, defaultTarget, discover, sourceMaps, profiles, stateDir, attach, access, limits, profile, heap, record, goroutine, spool, push, rules, stalls, log'
const one = 'needs exactly one of pid, pidFile, port, unit and match'
const named =
  'text of 1 to 64 letters, digits, dots, dashes or underscores, but not only digits, and not self'
const address = '127.0.0.1:PORT, [::1]:PORT, localhost:PORT or the absolute path of a unix socket'

const trigger =
  'needs exactly one of cpu, loopDelayMs, loopUtilization, memoryBytes, memoryShare, heapShare, openFiles, openFilesShare, ageSeconds, restarts'

const ruleErrors: readonly (readonly [text: string, message: string])[] = [
  ['rules: 1', '1: rules is 1, but must be a list of 100 rules at most'],
  ['rules:\n- { name: a, do: heap }', '2: rules[0] has no when'],
  ['rules:\n- { when: { cpu: 1 }, do: heap }', '2: rules[0] has no name'],
  ['rules:\n- { name: a, do: heap, when: {} }', `2: rules[0].when has none, but ${trigger}`],
  [
    'rules:\n- name: a\n  do: heap\n  when: { cpu: 1, openFiles: 3 }',
    `4: rules[0].when has cpu and openFiles, but ${trigger}`,
  ],
  [
    'rules:\n- { name: a, do: heap, when: { cpu: 0 } }',
    '2: rules[0].when.cpu is 0, but must be a number from 0.01 to 1024',
  ],
  [
    'rules:\n- { name: a, do: heap, when: { memory: 1 } }',
    '2: rules[0].when.memory is not an option; allowed here: cpu, loopDelayMs',
  ],
  [
    'rules:\n- { name: a, do: dance, when: { cpu: 1 } }',
    '2: rules[0].do is "dance", but must be one of profile, wall, block, mutex, heap, allocs, goroutine, trace, retained, last',
  ],
  [
    'rules:\n- { name: .., do: heap, when: { cpu: 1 } }',
    '2: rules[0].name is "..", but must be text of 1 to 64 letters, digits, dots, dashes or underscores that does not begin with a dot',
  ],
  [
    'rules:\n- { name: a, do: heap, when: { cpu: 1 }, targets: [api] }',
    '2: rules[0].targets names api, but targets has none of that name',
  ],
  [
    'targets: [{ name: api, pid: 1 }]\nrules:\n- { name: a, do: heap, when: { cpu: 1 }, targets: [ap] }',
    '3: rules[0].targets names ap, but targets has none of that name (did you mean api?)',
  ],
  [
    'targets: [{ name: api, pid: 1 }]\nrules:\n- { name: a, do: heap, when: { cpu: 1 }, targets: [api], match: x }',
    '3: rules[0].match cannot stand beside targets: a rule has names or an expression',
  ],
  [
    'rules:\n- { name: a, do: heap, when: { cpu: 1 }, match: "(" }',
    '2: rules[0].match is not a regular expression: Invalid regular expression: /(/: Unterminated group',
  ],
  [
    'rules:\n- { name: a, do: heap, when: { cpu: 1 } }\n- { name: a, do: wall, when: { cpu: 1 } }',
    '3: rules[1].name is a, the name of an earlier rule',
  ],
  [
    'rules:\n- { name: a, do: heap, when: { ageSeconds: 9 }, for: 3 }',
    '2: rules[0].for is of no use with ageSeconds, which has no window',
  ],
  [
    'rules:\n- { name: a, do: retained, when: { cpu: 1 }, seconds: 3 }',
    '2: rules[0].seconds is of no use with do: retained, which is taken at one moment',
  ],
  [
    'rules:\n- { name: a, do: profile, when: { cpu: 1 }, seconds: 301 }',
    '2: rules[0].seconds is 301, but limits.maxSeconds allows 300 at most',
  ],
  [
    'rules:\n- { name: a, do: heap, when: { cpu: 1 }, to: [] }',
    '2: rules[0].to is a list, but must be a list of disk, push or both',
  ],
]

/** `@` begins the entry of a list of targets. */
const cases: readonly (readonly [text: string, message: string])[] = [
  ['\nlistn: x', `2: listn is not an option (did you mean listen?); allowed here: ${top}`],
  ['sd: 1', `1: sd is not an option; allowed here: ${top}`],
  ['1: 2', `1: 1 is not an option; allowed here: ${top}`],
  ['__proto__: 2', `1: __proto__ is not an option; allowed here: ${top}`],
  ['"\\e[31m": 2', `1: "\\u001b[31m" is not an option; allowed here: ${top}`],
  ['log:\n  levl: x', '2: log.levl is not an option (did you mean level?); allowed here: level'],
  ['"a/b~c": 1', `1: "a/b~c" is not an option; allowed here: ${top}`],
  ['push: 1', '1: push is 1, but must be a mapping'],
  ['push:\n  url: ftp://a', '2: push.url is no URL that begins with http:// or https://'],
  ['push:\n  url: http://a:99999999', '2: push.url is no URL that begins with http:// or https://'],
  ['push:\n  url: http://a/?b', '2: push.url has a query or a fragment'],
  [
    'push:\n  url: http://pyroscope.example\n  tokenFile: /t',
    '2: push.url is http to another host, so that everybody on the way reads the token of push.tokenFile; use https, or set push.allowPlainToken: true',
  ],
  ['enabled: yes', '1: enabled is "yes", but must be true or false'],
  ['enabled:', '1: enabled is empty, but must be true or false'],
  ['enabled: []', '1: enabled is a list, but must be true or false'],
  ['listen: 8081', `1: listen is 8081, but must be ${address}`],
  ['listen: "8081"', '1: listen is "8081", a port without a host; write 127.0.0.1:8081'],
  [
    'access:\n  socketMode: 0660',
    '2: access.socketMode is 660, but must be 0600, 0660 or 0666 as text, which in YAML needs quotes',
  ],
  [
    'access:\n  socketMode: "0777"',
    '2: access.socketMode is "0777", but must be 0600, 0660 or 0666 as text, which in YAML needs quotes',
  ],
  [
    'access:\n  uids:\n  - alice\n  - -1',
    '4: access.uids.1 is -1, but must be the name of a user or a uid',
  ],
  [
    'access:\n  groups: ["a:b"]',
    '2: access.groups.0 is "a:b", but must be the name of a group or a gid',
  ],
  ['access:\n  uids: alice', '2: access.uids is "alice", but must be a list'],
  ['access:\n  tokenFile: token', '2: access.tokenFile is "token", but must be an absolute path'],
  ['limits: 3', '1: limits is 3, but must be a mapping'],
  ['targets: {}', '1: targets is a mapping, but must be a list'],
  ['targets:\n- 3', '2: targets[0] is 3, but must be a mapping'],
  ['targets:\n- a', '2: targets[0] is "a", but must be a mapping'],
  [
    'log: { level: loud }',
    '1: log.level is "loud", but must be one of trace, debug, info, warn, error, fatal, silent',
  ],
  ['profile:\n  hz: 0', '2: profile.hz is 0, but must be a whole number from 1 to 1000'],
  ['profile:\n  hz: 1001', '2: profile.hz is 1001, but must be a whole number from 1 to 1000'],
  ['profile:\n  hz: 2.5', '2: profile.hz is 2.5, but must be a whole number from 1 to 1000'],
  ['profile:\n  hz: .nan', '2: profile.hz is NaN, but must be a whole number from 1 to 1000'],
  ['profile:\n  hz: "9"', '2: profile.hz is "9", but must be a whole number from 1 to 1000'],
  [
    'limits:\n  maxSeconds: 1e9',
    '2: limits.maxSeconds is 1000000000, but must be a whole number from 1 to 3600',
  ],
  [
    'profile: { seconds: 301 }',
    '1: profile.seconds is 301, but limits.maxSeconds allows 300 at most',
  ],
  ['heap: { seconds: 301 }', '1: heap.seconds is 301, but limits.maxSeconds allows 300 at most'],
  ['heap:\n  continuous: 1', '2: heap.continuous is 1, but must be true or false'],
  ['defaultTarget: 0', '1: defaultTarget is 0, but must be the name of a target, a pid or self'],
  [
    'defaultTarget: a/b',
    '1: defaultTarget is "a/b", but must be the name of a target, a pid or self',
  ],
  [
    'defaultTarget: ..',
    '1: defaultTarget is "..", but must be the name of a target, a pid or self',
  ],
  [
    'discover: { enabled: false }\ndefaultTarget: a',
    '2: defaultTarget is a, but targets has none of that name and discover.enabled is false',
  ],
  ['discover: false', '1: discover is false, but must be a mapping'],
  [
    'discover:\n  match: "("',
    '2: discover.match is not a regular expression: Invalid regular expression: /(/: Unterminated group',
  ],
  ['@ pid: 1', '2: targets[0] has no name'],
  ['@ name: a', `2: targets[0] has none, but ${one}`],
  ['@ { name: a, pid: 1, port: 2 }', `2: targets[0] has pid and port, but ${one}`],
  [
    '@ { name: a, pidfile: /x }',
    '2: targets[0].pidfile is not an option (did you mean pidFile?); allowed here: name, pid, pidFile, port, unit, match, enabled, signal',
  ],
  [
    '@ { nam: a, pid: 1 }',
    '2: targets[0].nam is not an option (did you mean name?); allowed here: name, pid, pidFile, port, unit, match, enabled, signal',
  ],
  [
    '@ { name: a, pid: 1 }\n- { name: a, pid: 2 }',
    '3: targets[1].name is a, the name of an earlier target',
  ],
  ['@ { name: 12, pid: 1 }', `2: targets[0].name is 12, but must be ${named}`],
  ...['12', 'self', '.', '..', '', 'a/b', 'a b', 'é', 'a\\n'].map((name): [string, string] => [
    `@ { name: "${name}", pid: 1 }`,
    `2: targets[0].name is "${name}", but must be ${named}`,
  ]),
  [
    `@ { name: ${'x'.repeat(65)}, pid: 1 }`,
    `2: targets[0].name is "${'x'.repeat(60)}...", but must be ${named}`,
  ],
  ['@ { name: a, pid: 0 }', '2: targets[0].pid is 0, but must be a whole number from 1 to 4194304'],
  [
    '@ { name: a, port: 65536 }',
    '2: targets[0].port is 65536, but must be a whole number from 1 to 65535',
  ],
  [
    '@ { name: a, pidFile: run/a }',
    '2: targets[0].pidFile is "run/a", but must be an absolute path',
  ],
  [
    '@ { name: a, unit: a/b }',
    '2: targets[0].unit is "a/b", but must be the name of a systemd unit, such as api.service',
  ],
  [
    '@ { name: a, match: "" }',
    '2: targets[0].match is "", but must be a regular expression of 1 to 1000 characters',
  ],
  [
    '@ { name: a, match: "(" }',
    '2: targets[0].match is not a regular expression: Invalid regular expression: /(/: Unterminated group',
  ],
  ...ruleErrors,
  ['a: 1\na: 2', '2: the key "a" is there twice'],
  ['[]', '1: the top level must be a mapping, such as enabled: true'],
]

t.test('a wrong file is refused with its line, the key and what is allowed', async (t) => {
  const dir = t.testdir(
    Object.fromEntries(cases.map(([text], i) => [`${i}`, text.replace('@', 'targets:\n-')])),
  )
  for (const [index, [text, message]] of cases.entries()) {
    const file = join(dir, String(index))
    const expected = {
      name: InputError.name,
      code: 'config-invalid',
      message: `${file}:${message}`,
    }
    await t.rejects(loadConfig({ file, env: {} }), expected, text)
  }
})

const variables: readonly (readonly [name: string, value: string, message: string])[] = [
  ['PPROFD_LISTEN', '0.0.0.0:80', 'PPROFD_LISTEN is "0.0.0.0:80", which is refused'],
  ['PPROFD_ENABLED', 'yes', 'PPROFD_ENABLED is "yes", but must be true or false'],
  [
    'PPROFD_PROFILE_HZ',
    '1e2',
    'PPROFD_PROFILE_HZ is "1e2", but must be a whole number from 1 to 1000',
  ],
  [
    'PPROFD_PUSH_URL',
    'https://me:s3cret@a',
    'PPROFD_PUSH_URL has a user or password in it, which logs and ps would show; use push.user and push.tokenFile',
  ],
  ['PPROFD_PROFILE_HZ', '-1', 'PPROFD_PROFILE_HZ is -1, but must be a whole number from 1 to 1000'],
  [
    'PPROFD_PROFILE_SECONDS',
    '400',
    'PPROFD_PROFILE_SECONDS is 400, but limits.maxSeconds allows 300 at most',
  ],
  [
    'PPROFD_LIMITS_MAX_SECOND',
    '1',
    'PPROFD_LIMITS_MAX_SECOND is not a variable of pprofd; did you mean PPROFD_LIMITS_MAX_SECONDS?',
  ],
  ['PPROFD_CONFG', 'x', 'PPROFD_CONFG is not a variable of pprofd; did you mean PPROFD_CONFIG?'],
  ['PPROFD_TARGETS', '[]', 'PPROFD_TARGETS is not a variable of pprofd; '],
  [
    'PPROFD_VERBOSITY_OF_OUTPUT',
    '1',
    'PPROFD_VERBOSITY_OF_OUTPUT is not a variable of pprofd; allowed are PPROFD_ENABLED, ',
  ],
  ['PPROFD_PORT', '8081', 'PPROFD_PORT is not a variable of pprofd; '],
]

t.test('a wrong or unknown variable is refused by its name', async (t) => {
  const file = '/dev/null'
  for (const [name, value, message] of variables) {
    const error: unknown = await loadConfig({ file, env: { [name]: value } }).catch((e) => e)
    t.ok(error instanceof InputError && error.message.startsWith(message), String(error))
  }
})

const flags: readonly (readonly [flags: object, message: string])[] = [
  [{ listen: 'x' }, '--listen is "x", which is refused'],
  [{ listen: 8081 }, '--listen is 8081, but must be 127.0.0.1:PORT'],
  [{ listen: ['a', 'b'] }, '--listen is a list, but must be 127.0.0.1:PORT'],
  [
    { limits: { maxSeconds: Number.NaN } },
    '--limits.max-seconds is NaN, but must be a whole number',
  ],
  [
    { limits: { maxSecond: 1 } },
    '--limits.maxSecond is not a flag of pprofd; did you mean --limits.max-seconds?',
  ],
  [{ limits: 3 }, '--limits is not a flag of pprofd; '],
  [{ targets: [] }, '--targets is not a flag of pprofd; '],
]

t.test('a wrong or unknown flag is refused by its name', async (t) => {
  for (const [given, message] of flags) {
    const error: unknown = await loadConfig({
      file: '/dev/null',
      env: {},
      flags: { ...given },
    }).catch((e) => e)
    t.ok(error instanceof InputError && error.message.startsWith(message), String(error))
  }
})
