import t from 'tap'
import { overridableOptions } from '../../src/config/options.ts'
import { environmentOverrides, flagOverrides } from '../../src/config/overrides.ts'

t.test('every scalar option has a variable and a flag, named by one rule', (t) => {
  const names = overridableOptions().map(({ key, environment, flag, type }) => [
    key,
    environment,
    flag,
    type,
  ])
  t.same(names, [
    ['enabled', 'PPROFD_ENABLED', 'enabled', 'boolean'],
    ['listen', 'PPROFD_LISTEN', 'listen', 'string'],
    ['defaultTarget', 'PPROFD_DEFAULT_TARGET', 'default-target', 'string'],
    ['discover.enabled', 'PPROFD_DISCOVER_ENABLED', 'discover.enabled', 'boolean'],
    ['discover.match', 'PPROFD_DISCOVER_MATCH', 'discover.match', 'string'],
    ['sourceMaps', 'PPROFD_SOURCE_MAPS', 'source-maps', 'boolean'],
    ['stateDir', 'PPROFD_STATE_DIR', 'state-dir', 'string'],
    ['attach.linger', 'PPROFD_ATTACH_LINGER', 'attach.linger', 'integer'],
    ['access.targets', 'PPROFD_ACCESS_TARGETS', 'access.targets', 'string'],
    ['access.tokenFile', 'PPROFD_ACCESS_TOKEN_FILE', 'access.token-file', 'string'],
    ['access.socketMode', 'PPROFD_ACCESS_SOCKET_MODE', 'access.socket-mode', 'string'],
    ['access.socketGroup', 'PPROFD_ACCESS_SOCKET_GROUP', 'access.socket-group', 'string'],
    ['limits.maxSeconds', 'PPROFD_LIMITS_MAX_SECONDS', 'limits.max-seconds', 'integer'],
    [
      'limits.capturesPerTarget',
      'PPROFD_LIMITS_CAPTURES_PER_TARGET',
      'limits.captures-per-target',
      'integer',
    ],
    ['limits.captures', 'PPROFD_LIMITS_CAPTURES', 'limits.captures', 'integer'],
    [
      'limits.capturesPerUid',
      'PPROFD_LIMITS_CAPTURES_PER_UID',
      'limits.captures-per-uid',
      'integer',
    ],
    [
      'limits.connectionsPerUid',
      'PPROFD_LIMITS_CONNECTIONS_PER_UID',
      'limits.connections-per-uid',
      'integer',
    ],
    ['limits.bytesInFlight', 'PPROFD_LIMITS_BYTES_IN_FLIGHT', 'limits.bytes-in-flight', 'integer'],
    ['limits.bytesReceived', 'PPROFD_LIMITS_BYTES_RECEIVED', 'limits.bytes-received', 'integer'],
    ['limits.stallSeconds', 'PPROFD_LIMITS_STALL_SECONDS', 'limits.stall-seconds', 'integer'],
    [
      'limits.maxProfileBytes',
      'PPROFD_LIMITS_MAX_PROFILE_BYTES',
      'limits.max-profile-bytes',
      'integer',
    ],
    [
      'limits.maxRetainedBytes',
      'PPROFD_LIMITS_MAX_RETAINED_BYTES',
      'limits.max-retained-bytes',
      'integer',
    ],
    ['limits.maxPauseMs', 'PPROFD_LIMITS_MAX_PAUSE_MS', 'limits.max-pause-ms', 'integer'],
    [
      'limits.commandTimeoutMs',
      'PPROFD_LIMITS_COMMAND_TIMEOUT_MS',
      'limits.command-timeout-ms',
      'integer',
    ],
    ['profile.seconds', 'PPROFD_PROFILE_SECONDS', 'profile.seconds', 'integer'],
    ['profile.hz', 'PPROFD_PROFILE_HZ', 'profile.hz', 'integer'],
    ['heap.continuous', 'PPROFD_HEAP_CONTINUOUS', 'heap.continuous', 'boolean'],
    ['heap.seconds', 'PPROFD_HEAP_SECONDS', 'heap.seconds', 'integer'],
    ['heap.samplingInterval', 'PPROFD_HEAP_SAMPLING_INTERVAL', 'heap.sampling-interval', 'integer'],
    ['record.continuous', 'PPROFD_RECORD_CONTINUOUS', 'record.continuous', 'boolean'],
    ['record.scraped', 'PPROFD_RECORD_SCRAPED', 'record.scraped', 'boolean'],
    ['record.door', 'PPROFD_RECORD_DOOR', 'record.door', 'string'],
    ['record.hz', 'PPROFD_RECORD_HZ', 'record.hz', 'integer'],
    ['record.seconds', 'PPROFD_RECORD_SECONDS', 'record.seconds', 'integer'],
    ['record.maxBytes', 'PPROFD_RECORD_MAX_BYTES', 'record.max-bytes', 'integer'],
    [
      'goroutine.maxHeapBytes',
      'PPROFD_GOROUTINE_MAX_HEAP_BYTES',
      'goroutine.max-heap-bytes',
      'integer',
    ],
    [
      'goroutine.minIntervalMs',
      'PPROFD_GOROUTINE_MIN_INTERVAL_MS',
      'goroutine.min-interval-ms',
      'integer',
    ],
    ['goroutine.maxEntries', 'PPROFD_GOROUTINE_MAX_ENTRIES', 'goroutine.max-entries', 'integer'],
    ['goroutine.budgetMs', 'PPROFD_GOROUTINE_BUDGET_MS', 'goroutine.budget-ms', 'integer'],
    ['goroutine.stop', 'PPROFD_GOROUTINE_STOP', 'goroutine.stop', 'boolean'],
    ['goroutine.keepQuery', 'PPROFD_GOROUTINE_KEEP_QUERY', 'goroutine.keep-query', 'boolean'],
    ['spool.dir', 'PPROFD_SPOOL_DIR', 'spool.dir', 'string'],
    ['spool.maxBytes', 'PPROFD_SPOOL_MAX_BYTES', 'spool.max-bytes', 'integer'],
    ['spool.maxAgeHours', 'PPROFD_SPOOL_MAX_AGE_HOURS', 'spool.max-age-hours', 'integer'],
    ['push.url', 'PPROFD_PUSH_URL', 'push.url', 'string'],
    ['push.format', 'PPROFD_PUSH_FORMAT', 'push.format', 'string'],
    ['push.every', 'PPROFD_PUSH_EVERY', 'push.every', 'integer'],
    ['push.seconds', 'PPROFD_PUSH_SECONDS', 'push.seconds', 'integer'],
    ['push.tokenFile', 'PPROFD_PUSH_TOKEN_FILE', 'push.token-file', 'string'],
    ['push.user', 'PPROFD_PUSH_USER', 'push.user', 'string'],
    ['push.tenant', 'PPROFD_PUSH_TENANT', 'push.tenant', 'string'],
    ['push.allowPlainToken', 'PPROFD_PUSH_ALLOW_PLAIN_TOKEN', 'push.allow-plain-token', 'boolean'],
    ['push.maxQueueBytes', 'PPROFD_PUSH_MAX_QUEUE_BYTES', 'push.max-queue-bytes', 'integer'],
    ['stalls.threshold', 'PPROFD_STALLS_THRESHOLD', 'stalls.threshold', 'integer'],
    ['stalls.cooldown', 'PPROFD_STALLS_COOLDOWN', 'stalls.cooldown', 'integer'],
    ['stalls.perHour', 'PPROFD_STALLS_PER_HOUR', 'stalls.per-hour', 'integer'],
    ['log.level', 'PPROFD_LOG_LEVEL', 'log.level', 'string'],
  ])
  t.end()
})

t.test('an option carries what help needs', (t) => {
  t.same(
    overridableOptions().find(({ key }) => key === 'profile.hz'),
    {
      keyPath: ['profile', 'hz'],
      key: 'profile.hz',
      flag: 'profile.hz',
      environment: 'PPROFD_PROFILE_HZ',
      type: 'integer',
      choices: undefined,
      minimum: 1,
      maximum: 1000,
      default: 100,
      description: "Samples per second and thread; each one interrupts the target's thread.",
    },
  )
  t.end()
})

const read: readonly (readonly [name: string, text: string, value: unknown])[] = [
  ['PPROFD_ENABLED', 'true', true],
  ['PPROFD_ENABLED', '1', true],
  ['PPROFD_ENABLED', 'false', false],
  ['PPROFD_ENABLED', '0', false],
  ['PPROFD_ENABLED', 'True', 'True'],
  ['PPROFD_PROFILE_HZ', '099', 99],
  ['PPROFD_PROFILE_HZ', ' 99', ' 99'],
  ['PPROFD_PROFILE_HZ', '9'.repeat(40), '9'.repeat(40)],
  ['PPROFD_DEFAULT_TARGET', '12', '12'],
]

t.test(
  'the text of a variable is read by the type of its option, the same text of a flag too',
  (t) => {
    for (const [name, text, value] of read) {
      t.match(environmentOverrides({ [name]: text }), [{ value, source: name }], `${name}=${text}`)
    }
    t.match(flagOverrides({ enabled: '0', limits: { captures: '7' }, log: { level: undefined } }), [
      { option: { key: 'enabled' }, value: false, source: '--enabled' },
      { option: { key: 'limits.captures' }, value: 7, source: '--limits.captures' },
    ])
    t.end()
  },
)

const ignored: readonly (readonly [name: string, value: string])[] = [
  ['PATH', '/bin'],
  ['PPROF_TOOLS', 'x'],
  ['PPROFD_CONFIG', 'x'],
  ['PPROFD_LISTEN', ''],
  ['PPROFD_UNKNOWN', ''],
  ['PPROFD_SERVICE_HOST', '10.0.0.1'],
  ['PPROFD_SERVICE_PORT', '8081'],
  ['PPROFD_SERVICE_PORT_HTTP', '8081'],
  ['PPROFD_PORT', 'tcp://10.0.0.1:8081'],
  ['PPROFD_PORT_8081_TCP', 'tcp://10.0.0.1:8081'],
  ['PPROFD_PORT_8081_TCP_PROTO', 'tcp'],
  ['PPROFD_PORT_8081_TCP_PORT', '8081'],
  ['PPROFD_PORT_8081_TCP_ADDR', '10.0.0.1'],
  ['PPROFD_WEB_SERVICE_HOST', '10.0.0.1'],
]

t.test(
  'empty variables, other programs and what Kubernetes sets for a Service are ignored',
  (t) => {
    for (const [name, value] of ignored) t.same(environmentOverrides({ [name]: value }), [], name)
    t.end()
  },
)
