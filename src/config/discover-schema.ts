/** The schema of the section `discover`: the processes that have no entry in `targets`. */
import { commandLineExpression } from './target-schema.ts'

export const discoverSchema = {
  type: 'object',
  default: {},
  additionalProperties: false,
  description: 'The Node processes that targets does not list.',
  properties: {
    enabled: {
      type: 'boolean',
      default: true,
      description: 'Whether Node processes that targets does not list are served too.',
    },
    match: {
      ...commandLineExpression,
      description:
        'Regular expression for the command line of those that /sd and /metrics show like listed ones.',
    },
  },
} as const
