/** The schema of the section `limits`. docs/limits.md says what they bound together. */
export const limitsSchema = {
  type: 'object',
  default: {},
  additionalProperties: false,
  description: 'What one request, one target and all of them may use.',
  properties: {
    maxSeconds: {
      type: 'integer',
      minimum: 1,
      // V8 keeps every sample in the target: an hour at 1000 Hz is 3.6 million of them.
      maximum: 3600,
      default: 300,
      description: 'Longest recording that may be asked for, in seconds.',
    },
    capturesPerTarget: {
      type: 'integer',
      minimum: 1,
      maximum: 64,
      // Parca and Alloy take five kinds of profiles at a time; the others are for people.
      default: 8,
      description: 'Captures of one target that may run at the same time.',
    },
    captures: {
      type: 'integer',
      minimum: 1,
      maximum: 1024,
      // Fifty targets that one user asks at the same moment find room, beside those of others.
      default: 128,
      description: 'Captures of all targets that may run at the same time.',
    },
    capturesPerUid: {
      type: 'integer',
      minimum: 1,
      maximum: 1024,
      // Leaves a quarter of the captures in all to the other users.
      default: 96,
      description: 'Captures that one user may have running at the same time.',
    },
    connectionsPerUid: {
      type: 'integer',
      minimum: 1,
      maximum: 4096,
      // Half of the connections that there are with the default of captures.
      default: 160,
      description: 'Connections that one user may have open at the same time.',
    },
    bytesInFlight: {
      type: 'integer',
      minimum: 1_048_576,
      maximum: 17_179_869_184,
      // One profile of the largest size that is taken by default, or some hundred usual ones.
      default: 268_435_456,
      description: 'Bytes of finished answers that may wait for their clients, of all together.',
    },
    bytesReceived: {
      type: 'integer',
      minimum: 1_048_576,
      maximum: 17_179_869_184,
      // Four of the largest profiles at the same moment.
      default: 1_073_741_824,
      description: 'Bytes that targets may be sending at the same moment, of all together.',
    },
    stallSeconds: {
      type: 'integer',
      minimum: 1,
      maximum: 3600,
      default: 30,
      description:
        'Seconds for which a client may take nothing of its answer before it is cut off.',
    },
    maxProfileBytes: {
      type: 'integer',
      minimum: 1_048_576,
      // The longest string V8 can hold; a longer profile could not be parsed.
      maximum: 536_870_888,
      default: 268_435_456,
      description: 'Largest profile taken from a target, in bytes of its JSON.',
    },
    maxRetainedBytes: {
      type: 'integer',
      // The smallest Node service, whose heap has some 50,000 objects, needs 75 MB.
      minimum: 134_217_728,
      maximum: 17_179_869_184,
      // 7 to 10 million objects, which is a heap of 300 MB to 1 GB.
      default: 1_073_741_824,
      description:
        "Most memory of pprofd's that one request of /debug/pprof/retained may take, in bytes.",
    },
    maxPauseMs: {
      type: 'integer',
      minimum: 1,
      maximum: 600_000,
      description:
        'Longest estimated pause of a target that a capture may cause; not set, there is no limit.',
    },
    commandTimeoutMs: {
      type: 'integer',
      minimum: 100,
      maximum: 600_000,
      default: 10_000,
      description: 'How long a target may take to answer one inspector command, in milliseconds.',
    },
  },
} as const
