/** The schema of one entry of `targets`, and what the rest of the schema shares with it. */

/** A path segment of URLs, so neither `.` nor `..`; a number would be a pid. */
export const targetName = '^(?!self$|\\.{1,2}$|[0-9]+$)[A-Za-z0-9._-]{1,64}$'

/** What can be taken of a target; `heap` means allocs, too. */
export const profileKinds = [
  'profile',
  'wall',
  'block',
  'mutex',
  'heap',
  'retained',
  'heapsnapshot',
  'goroutine',
  'threadcreate',
  'trace',
  'fgtrace',
] as const

/** Linux's PID_MAX_LIMIT. */
export const maxPid = 4_194_304

/** For the arguments of a process, joined by blanks; the description says whose. */
export const commandLineExpression = {
  type: 'string',
  minLength: 1,
  maxLength: 1000,
  format: 'regular-expression',
  allowed: 'a regular expression of 1 to 1000 characters',
} as const

export const targetSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['name'],
  oneOf: [
    { required: ['pid'] },
    { required: ['pidFile'] },
    { required: ['port'] },
    { required: ['unit'] },
    { required: ['match'] },
  ],
  properties: {
    name: {
      type: 'string',
      pattern: targetName,
      allowed:
        'text of 1 to 64 letters, digits, dots, dashes or underscores, but not only digits, and not self',
      description: 'What URLs and commands call the target.',
    },
    pid: {
      type: 'integer',
      minimum: 1,
      maximum: maxPid,
      description: 'The process with this pid, for as long as it lives.',
    },
    pidFile: {
      type: 'string',
      // PATH_MAX of Linux is 4096 with the final NUL.
      pattern: '^/[^\\u0000]{1,4094}$',
      allowed: 'an absolute path',
      description: 'The process whose pid this file holds; read again at every request.',
    },
    port: {
      type: 'integer',
      minimum: 1,
      maximum: 65_535,
      description: 'The process whose inspector already listens on this port of 127.0.0.1.',
    },
    unit: {
      type: 'string',
      pattern: '^[A-Za-z0-9:_.\\\\@-]{1,255}$',
      allowed: 'the name of a systemd unit, such as api.service',
      description: 'The Node process of this systemd unit.',
    },
    match: {
      ...commandLineExpression,
      description: 'The process whose command line this JavaScript regular expression matches.',
    },
    enabled: {
      type: 'boolean',
      default: true,
      description: 'Whether the target is served; false forbids it, also by its pid.',
    },
    signal: {
      type: 'boolean',
      default: true,
      description:
        'Whether SIGUSR1 may be sent to open its inspector; false uses an open one only.',
    },
    profiles: {
      type: 'array',
      uniqueItems: true,
      items: { type: 'string', enum: profileKinds },
      description: 'The profiles that may be taken of it; not set, those of the option profiles.',
    },
    record: {
      type: 'object',
      additionalProperties: false,
      description: 'What differs for it from the section record.',
      properties: {
        continuous: {
          type: 'boolean',
          description: 'Whether it is recorded all the time; not set, as record.continuous says.',
        },
      },
    },
    heap: {
      type: 'object',
      additionalProperties: false,
      description: 'What differs for its heap profiles from the section heap.',
      properties: {
        continuous: {
          type: 'boolean',
          description: 'Whether its allocations are sampled on; not set, as heap.continuous says.',
        },
      },
    },
  },
} as const
