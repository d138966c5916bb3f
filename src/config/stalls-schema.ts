/** The schema of the section `stalls`: the event loops that are watched from outside. */
export const stallsSchema = {
  type: 'object',
  default: {},
  additionalProperties: false,
  description: 'How blocked event loops of the targets are found and looked into.',
  properties: {
    threshold: {
      type: 'integer',
      // A shorter stall is over before its stack can be taken.
      minimum: 0,
      maximum: 600_000,
      default: 0,
      description:
        "Milliseconds for which a target's event loop may be blocked before its stack is taken; 0 watches none.",
    },
    cooldown: {
      type: 'integer',
      minimum: 1,
      maximum: 86_400,
      default: 60,
      description: 'Seconds from one stall of a target that is looked into to the next.',
    },
    perHour: {
      type: 'integer',
      minimum: 1,
      maximum: 3600,
      default: 12,
      description: 'Stalls of one target that are looked into in an hour.',
    },
  },
} as const
