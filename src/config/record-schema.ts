/** The schema of the section `record`: what is recorded before anybody asks. */

export const recordSchema = {
  type: 'object',
  default: {},
  additionalProperties: false,
  description: 'What is recorded of the CPU before anybody asks.',
  properties: {
    continuous: {
      type: 'boolean',
      default: false,
      description:
        'Whether the targets that targets lists are recorded all the time, for profile?last=SECONDS.',
    },
    scraped: {
      type: 'boolean',
      default: false,
      description:
        'Whether a target whose CPU profile is asked for regularly is recorded in between, too, so that each answer costs it a few milliseconds.',
    },
    door: {
      type: 'string',
      enum: ['closed', 'open'],
      default: 'closed',
      description:
        'Whether the inspector of a target that is recorded stays open meanwhile, for every user of the machine, or pprofd goes on from within the target.',
    },
    hz: {
      type: 'integer',
      minimum: 1,
      maximum: 1000,
      // A fifth of a profile's: whoever asks later wants minutes, not seconds.
      default: 20,
      description: 'Samples per second and thread of what is recorded all the time.',
    },
    seconds: {
      type: 'integer',
      minimum: 10,
      maximum: 86_400,
      default: 600,
      description: 'Seconds that are kept of each target.',
    },
    maxBytes: {
      type: 'integer',
      minimum: 1_048_576,
      maximum: 1_073_741_824,
      default: 16_777_216,
      description:
        'Bytes that are kept of each target, in the memory of pprofd; the oldest go first.',
    },
  },
} as const
