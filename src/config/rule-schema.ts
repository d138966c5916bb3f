/** The schema of one entry of `rules`: what is captured when something goes wrong. docs/rules.md explains it. */
import { commandLineExpression, targetName } from './target-schema.ts'

/** What a rule can wait for, in the order of the documentation. */
export const triggerKinds = [
  'cpu',
  'loopDelayMs',
  'loopUtilization',
  'memoryBytes',
  'memoryShare',
  'heapShare',
  'openFiles',
  'openFilesShare',
  'ageSeconds',
  'restarts',
] as const

const share = { type: 'number', minimum: 0.01, maximum: 1 } as const

export const ruleSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'when', 'do'],
  properties: {
    name: {
      type: 'string',
      pattern: '^(?!\\.)[A-Za-z0-9._-]{1,64}$',
      allowed:
        'text of 1 to 64 letters, digits, dots, dashes or underscores that does not begin with a dot',
      description: 'What reports, logs and the folder of its captures call the rule.',
    },
    targets: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: {
        type: 'string',
        pattern: targetName,
        allowed: 'the name of a target',
      },
      allowed: 'a list of names of targets',
      description: 'Names of the targets it looks at; not set, all that are opted in.',
    },
    match: {
      ...commandLineExpression,
      description:
        'Of those that are opted in, the ones whose command line this expression matches.',
    },
    when: {
      type: 'object',
      additionalProperties: false,
      minProperties: 1,
      maxProperties: 1,
      description: 'What it waits for: exactly one of these, and how much of it.',
      properties: {
        cpu: {
          type: 'number',
          minimum: 0.01,
          maximum: 1024,
          description: 'CPU cores used by all its threads, on the average of the window.',
        },
        loopDelayMs: {
          type: 'integer',
          minimum: 1,
          maximum: 600_000,
          description: 'Longest delay of its event loop in the window, in milliseconds.',
        },
        loopUtilization: {
          ...share,
          description: 'Share of the time for which its event loop is busy, on the average.',
        },
        memoryBytes: {
          type: 'integer',
          minimum: 1_048_576,
          maximum: 1_099_511_627_776,
          description: 'Resident memory in bytes, all through the window.',
        },
        memoryShare: {
          ...share,
          description:
            "Resident memory as a share of its control group's limit, or of the machine's memory.",
        },
        heapShare: {
          ...share,
          description: "Used heap as a share of V8's limit, all through the window.",
        },
        openFiles: {
          type: 'integer',
          minimum: 1,
          maximum: 1_073_741_816,
          description: 'Open files and sockets, all through the window.',
        },
        openFilesShare: {
          ...share,
          description: 'Open files and sockets as a share of their limit, all through the window.',
        },
        ageSeconds: {
          type: 'integer',
          minimum: 0,
          maximum: 86_400,
          description: 'Seconds since the process started; fires once for each process.',
        },
        restarts: {
          type: 'integer',
          minimum: 1,
          maximum: 100,
          description: 'Starts of the target anew within the window; fires once for each process.',
        },
      },
    },
    for: {
      type: 'integer',
      minimum: 1,
      maximum: 3600,
      description: 'Length of the sliding window in seconds; not set, 10, and 3600 for restarts.',
    },
    do: {
      type: 'string',
      enum: [
        'profile',
        'wall',
        'block',
        'mutex',
        'heap',
        'allocs',
        'goroutine',
        'trace',
        'retained',
        'last',
      ],
      description: 'What is captured; last is what record.continuous has of the last seconds.',
    },
    seconds: {
      type: 'integer',
      minimum: 1,
      maximum: 3600,
      description:
        'How long it captures; not set, 10, for heap and allocs 4, for trace 2, for last 120.',
    },
    to: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      default: ['disk'],
      items: { type: 'string', enum: ['disk', 'push'] },
      allowed: 'a list of disk, push or both',
      description: 'Where captures go: to captures/ in the state folder, to the engine of push.',
    },
    atMost: {
      type: 'integer',
      minimum: 1,
      maximum: 1000,
      default: 3,
      description: 'Captures of targets of one name in any time of the length per.',
    },
    per: {
      type: 'integer',
      minimum: 1,
      maximum: 2_592_000,
      // A day.
      default: 86_400,
      description: 'The time that atMost is about, in seconds.',
    },
    cooldown: {
      type: 'integer',
      minimum: 0,
      maximum: 86_400,
      default: 300,
      description: 'Seconds from one capture of targets of one name to the next.',
    },
    maxBytes: {
      type: 'integer',
      minimum: 65_536,
      maximum: 68_719_476_736,
      default: 268_435_456,
      description: 'Most that its captures may take on disk; the oldest make room for new ones.',
    },
  },
} as const
