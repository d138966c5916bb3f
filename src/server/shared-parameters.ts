/** The parameters that several routes have. */
import type { ServerContext } from './context.ts'
import type { AnyInteger, Delta, Flag, FreeText, WholeNumber } from './declared-parameters.ts'

/** Where the defaults and the upper ends come from. */
export type ParameterSettings = Pick<ServerContext, 'limits' | 'profile' | 'goroutine' | 'sources'>

/** The highest rate that captures/ records at: beyond it the target pays more than it tells. */
export const maxHz = 1000

/** Read by `requestTarget`. */
export const targetParameter: FreeText = {
  kind: 'text',
  fallback: undefined,
  description:
    'The target: a pid, a name, or self, which is pprofd. Without it the default target answers.',
}

export const forceParameter: Flag = {
  kind: 'flag',
  fallback: false,
  description: '1 records although the estimated pause is above limits.maxPauseMs.',
}

/** Of what takes a heap snapshot. */
export const snapshotForceParameter: Flag = {
  kind: 'flag',
  fallback: false,
  description:
    '1 takes the snapshot although it may cost the target more memory than there is, or a longer pause than limits.maxPauseMs.',
}

/** Read by `looseNumber`. */
export const debugParameter: AnyInteger = {
  kind: 'any integer',
  fallback: 0,
  description:
    "Another number than 0 answers in Go's text form. Not with seconds. What is no number counts as 0.",
}

export function sourcemapsParameter({ sources }: Pick<ParameterSettings, 'sources'>): Flag {
  return {
    kind: 'flag',
    fallback: sources.sourceMaps,
    description:
      'Whether names, files and lines are those that source maps of the target say were written; 0 leaves them as they run. Default: sourceMaps of the configuration.',
  }
}

/** Read by `deltaSeconds`. */
export function deltaParameter({ limits }: ParameterSettings, description: string): Delta {
  return { kind: 'delta', min: 1, max: limits.maxSeconds, description }
}

export function secondsParameter({ limits, profile }: ParameterSettings): WholeNumber {
  return {
    kind: 'whole number',
    fallback: profile.seconds,
    min: 1,
    max: limits.maxSeconds,
    description:
      'How long to record. Default: profile.seconds of the configuration; maximum: limits.maxSeconds.',
  }
}

export function hzParameter(fallback: number, description: string): WholeNumber {
  return { kind: 'whole number', fallback, min: 1, max: maxHz, description }
}
