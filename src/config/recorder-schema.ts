/** The schemas of the sections `spool` and `push`: where profiles go that nobody waits for. */

const path = {
  type: 'string',
  pattern: '^/[^\\u0000]{1,4094}$',
  allowed: 'an absolute path',
} as const

export const spoolSchema = {
  type: 'object',
  default: {},
  additionalProperties: false,
  description: 'The folder of profiles that are taken without a person asking.',
  properties: {
    dir: {
      ...path,
      description: 'Folder of the profiles; not set, the folder spool below stateDir.',
    },
    maxBytes: {
      type: 'integer',
      minimum: 1_048_576,
      maximum: 1_099_511_627_776,
      default: 268_435_456,
      description: 'Bytes of disk that the kept profiles may take; the oldest ones go.',
    },
    maxAgeHours: {
      type: 'integer',
      minimum: 1,
      // Ten years.
      maximum: 87_600,
      description: 'Hours after which a kept profile is removed; not set, only for lack of room.',
    },
  },
} as const

/** What engines take: the kinds in the form of pprof. */
const pushKinds = [
  'profile',
  'wall',
  'heap',
  'allocs',
  'goroutine',
  'block',
  'mutex',
  'retained',
] as const

export const pushSchema = {
  type: 'object',
  default: {},
  additionalProperties: false,
  description: 'Sends profiles to an engine that stores them; off where url is not set.',
  properties: {
    url: {
      type: 'string',
      // recorder-options.ts says what is wrong with one, without repeating the password in it.
      description: 'The engine, such as https://pyroscope.example.com; not set, nothing is pushed.',
    },
    format: {
      type: 'string',
      enum: ['pyroscope', 'parca'],
      default: 'pyroscope',
      description: 'What the engine takes; pyroscope is for Grafana Alloy, too.',
    },
    every: {
      type: 'integer',
      minimum: 0,
      maximum: 86_400,
      default: 60,
      description: 'Seconds between two rounds; 0 pushes only what rules hand over.',
    },
    profiles: {
      type: 'array',
      default: ['profile', 'heap'],
      uniqueItems: true,
      items: { type: 'string', enum: pushKinds },
      description: 'What is taken of each target in a round, one after the other.',
    },
    seconds: {
      type: 'integer',
      minimum: 1,
      maximum: 3600,
      default: 10,
      description: 'Duration of each profile of a round in seconds, at most limits.maxSeconds.',
    },
    tokenFile: {
      ...path,
      description: 'File with the token or password that the engine wants.',
    },
    user: {
      type: 'string',
      // RFC 7617: no colon.
      pattern: '^[\\x21-\\x39\\x3b-\\x7e]{1,200}$',
      allowed: 'printable characters without blanks and colons',
      description: 'User of Basic authentication; not set, the token is sent as Bearer.',
    },
    tenant: {
      type: 'string',
      // https://grafana.com/docs/mimir/latest/configure/about-tenant-ids/
      pattern: "^[A-Za-z0-9!_.*'()|-]{1,150}$",
      allowed: "1 to 150 letters, digits or characters out of !-_.*'()|",
      description: 'Tenant of the engine, sent as X-Scope-OrgID.',
    },
    allowPlainToken: {
      type: 'boolean',
      default: false,
      description: 'Whether the token may be sent by http to another host, readable on the way.',
    },
    maxQueueBytes: {
      type: 'integer',
      minimum: 1_048_576,
      maximum: 1_099_511_627_776,
      default: 67_108_864,
      description: 'Bytes of disk that what waits to be sent may take; the oldest ones go.',
    },
  },
} as const
