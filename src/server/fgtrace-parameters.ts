/** The parameters of fgtrace's handler, with its sentences, which are Go's: `bad hz: "0": invalid value`. */
import { type StateFrameForm, stateFrameForms } from '../convert/state-frames.ts'
import { InputError } from '../errors.ts'
import { type DeclaredParameters, readDeclared } from './declared-parameters.ts'
import { type DecimalRule, firstValue, type Query, type WholeNumberRule } from './parameters.ts'
import { hzParameter } from './shared-parameters.ts'

export interface FgtraceParameters {
  readonly seconds: number
  readonly hz: number
  readonly stateframes: StateFrameForm
  readonly self: boolean
}

/** fgtrace's own: not 100, so that it does not march in step with what happens every 10 ms. */
const defaults = { seconds: 30, hz: 99 } as const

/** In fgtrace's order, so that of several bad values the same one is named. */
export function fgtraceParameters(maxSeconds: number) {
  return {
    seconds: {
      kind: 'decimal',
      fallback: Math.min(defaults.seconds, maxSeconds),
      above: 0,
      max: maxSeconds,
      description: 'How long to record; fractions are fine. Maximum: limits.maxSeconds.',
    },
    hz: hzParameter(
      defaults.hz,
      'Samples of each thread a second, and most looks at what it waits for.',
    ),
    stateframes: {
      kind: 'choice',
      choices: stateFrameForms,
      fallback: 'root',
      description: 'Where a frame stands that shows the state, such as running or idle.',
    },
    self: {
      kind: 'flag',
      fallback: false,
      description: "1 shows what belongs to pprofd's own sampling, too.",
    },
  } as const satisfies DeclaredParameters
}

export function readFgtraceParameters(query: Query, maxSeconds: number): FgtraceParameters {
  const { seconds, hz, ...simple } = fgtraceParameters(maxSeconds)
  return {
    seconds: readSeconds(firstValue(query, 'seconds'), seconds),
    hz: readHz(firstValue(query, 'hz'), hz),
    ...readDeclared(query, simple),
  }
}

function readSeconds(text: string | undefined, { fallback, max }: DecimalRule): number {
  if (text === undefined) return fallback
  const bad = (reason: string) => badValue('seconds', text, reason)
  // Go reads these as numbers, and fgtrace goes on with them.
  if (/^[+-]?(inf|infinity|nan)$/i.test(text)) throw bad('invalid value')
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) {
    throw bad(`strconv.ParseFloat: parsing ${quoted(text)}: invalid syntax`)
  }
  const seconds = Number(text)
  if (!Number.isFinite(seconds)) {
    throw bad(`strconv.ParseFloat: parsing ${quoted(text)}: value out of range`)
  }
  if (seconds <= 0) throw bad('invalid value')
  if (seconds > max) throw bad(`more than ${max}, which limits.maxSeconds allows`)
  return seconds
}

function readHz(text: string | undefined, { fallback, max }: WholeNumberRule): number {
  if (text === undefined) return fallback
  const bad = (reason: string) => badValue('hz', text, reason)
  if (!/^[+-]?\d+$/.test(text)) throw bad(`strconv.Atoi: parsing ${quoted(text)}: invalid syntax`)
  const hz = Number(text)
  // Of what a signed number of 64 bits holds.
  if (Math.abs(hz) >= 2 ** 63)
    throw bad(`strconv.Atoi: parsing ${quoted(text)}: value out of range`)
  if (hz <= 0) throw bad('invalid value')
  if (hz > max) throw bad(`more than ${max}`)
  return hz
}

function badValue(name: string, text: string, reason: string): InputError {
  return new InputError('parameter-invalid', `bad ${name}: ${quoted(text)}: ${reason}`)
}

/** 40 characters are enough to recognise one's own mistake. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text)
}
