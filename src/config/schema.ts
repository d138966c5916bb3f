/**
 * Every option of pprofd: the single source of its type, range, default and description.
 * Validation, environment variables, flags, help and the tests of docs/configuration.md read it.
 * JSON Schema (https://json-schema.org/draft-07), plus `allowed`: what a pattern means, in words.
 */
import { accessSchema } from './access-schema.ts'
import { discoverSchema } from './discover-schema.ts'
import { limitsSchema } from './limits-schema.ts'
import { recordSchema } from './record-schema.ts'
import { pushSchema, spoolSchema } from './recorder-schema.ts'
import { ruleSchema } from './rule-schema.ts'
import { stallsSchema } from './stalls-schema.ts'
import { maxPid, profileKinds, targetSchema } from './target-schema.ts'

export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    enabled: {
      type: 'boolean',
      default: true,
      description:
        'Whether the daemon works; false keeps it running without listening or attaching.',
    },
    listen: {
      type: 'string',
      default: '127.0.0.1:8081',
      format: 'listen-address',
      allowed: '127.0.0.1:PORT, [::1]:PORT, localhost:PORT or the absolute path of a unix socket',
      description:
        'Loopback address and port, or absolute path of a unix socket; port 0 takes any free port.',
    },
    targets: {
      type: 'array',
      default: [],
      items: targetSchema,
      description: 'The processes that have a name.',
    },
    defaultTarget: {
      type: ['string', 'integer'],
      // A name, a pid or self.
      pattern: '^(?!\\.{1,2}$|0[0-9]*$)[A-Za-z0-9._-]{1,64}$',
      minimum: 1,
      maximum: maxPid,
      allowed: 'the name of a target, a pid or self',
      description: 'Name or pid of the target of requests that name none.',
    },
    discover: discoverSchema,
    sourceMaps: {
      type: 'boolean',
      default: true,
      description: "Whether profiles name what source maps and packages in the target's files say.",
    },
    profiles: {
      type: 'array',
      uniqueItems: true,
      items: { type: 'string', enum: profileKinds },
      description:
        'The profiles that may be taken; not set: all, but the daemon serves no heapsnapshot.',
    },
    stateDir: {
      type: 'string',
      pattern: '^/[^\\u0000]{0,4094}$',
      allowed: 'an absolute path',
      description:
        'Folder where pprofd writes down which inspectors it has open, to close them after a crash.',
    },
    attach: {
      type: 'object',
      default: {},
      additionalProperties: false,
      description: 'How long pprofd stays with a target.',
      properties: {
        linger: {
          type: 'integer',
          default: 0,
          minimum: 0,
          maximum: 3600,
          description:
            'Seconds for which a session, and an inspector that pprofd opened, stay open after a capture.',
        },
      },
    },
    access: accessSchema,
    limits: limitsSchema,
    profile: {
      type: 'object',
      default: {},
      additionalProperties: false,
      description: 'What /debug/pprof/profile does where the request does not say.',
      properties: {
        seconds: {
          type: 'integer',
          minimum: 1,
          maximum: 3600,
          // Go's default.
          default: 30,
          description:
            'Duration in seconds, at most limits.maxSeconds, which also caps the default.',
        },
        hz: {
          type: 'integer',
          minimum: 1,
          maximum: 1000,
          // Go's default.
          default: 100,
          description: "Samples per second and thread; each one interrupts the target's thread.",
        },
      },
    },
    heap: {
      type: 'object',
      default: {},
      additionalProperties: false,
      description: 'How /debug/pprof/heap and allocs sample.',
      properties: {
        continuous: {
          type: 'boolean',
          default: false,
          description:
            'Whether sampling goes on after the first request of the heap, with the inspector open.',
        },
        seconds: {
          type: 'integer',
          minimum: 1,
          maximum: 3600,
          // Scrapers give up after 10 s; heap and allocs of one target run one after the other.
          default: 4,
          description:
            'Seconds for which a request samples where nothing samples yet, at most limits.maxSeconds.',
        },
        samplingInterval: {
          type: 'integer',
          minimum: 1024,
          maximum: 1_073_741_824,
          // Go's default.
          default: 524_288,
          description: 'Bytes between two samples on average; fewer are more exact and cost more.',
        },
      },
    },
    record: recordSchema,
    goroutine: {
      type: 'object',
      default: {},
      additionalProperties: false,
      description: 'How /debug/pprof/goroutine and /debug/panicparse look at a target.',
      properties: {
        maxHeapBytes: {
          type: 'integer',
          // As panicparse's maxmem.
          minimum: 1_048_576,
          maximum: 68_719_476_736,
          default: 2_147_483_648,
          description:
            "Most bytes of a target's heaps that one search for suspended functions may read in a pass.",
        },
        minIntervalMs: {
          type: 'integer',
          minimum: 0,
          maximum: 3_600_000,
          // That of panicparse's example.
          default: 1000,
          description:
            'Milliseconds from one page /debug/panicparse of a target to the next; earlier ones are 429.',
        },
        maxEntries: {
          type: 'integer',
          minimum: 1,
          maximum: 100_000,
          default: 1000,
          description: 'Entries listed of one thread; what is left out is counted.',
        },
        budgetMs: {
          type: 'integer',
          minimum: 1,
          maximum: 1000,
          default: 5,
          description: 'How long listing may hold up a thread of the target, in milliseconds.',
        },
        stop: {
          type: 'boolean',
          default: false,
          description:
            'Whether a target is stopped by SIGSTOP while its memory is read, once, for exact counts.',
        },
        keepQuery: {
          type: 'boolean',
          default: false,
          description: 'Whether URLs are shown with their query, which may hold secrets.',
        },
      },
    },
    spool: spoolSchema,
    push: pushSchema,
    rules: {
      type: 'array',
      default: [],
      maxItems: 100,
      items: ruleSchema,
      allowed: 'a list of 100 rules at most',
      description: 'What is captured without anybody asking, when something goes wrong.',
    },
    stalls: stallsSchema,
    log: {
      type: 'object',
      default: {},
      additionalProperties: false,
      description: "The daemon's log, as JSON lines on standard output.",
      properties: {
        level: {
          type: 'string',
          enum: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
          default: 'info',
          description: 'The least severe level that is logged.',
        },
      },
    },
  },
} as const
