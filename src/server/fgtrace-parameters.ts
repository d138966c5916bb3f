/** The parameters of fgtrace's handler, with its sentences, which are Go's: `bad hz: "0": invalid value`. */
import { type StateFrameForm, stateFrameForms } from '../convert/state-frames.ts'
import { InputError } from '../errors.ts'
import { firstValue, oneOf, type Query } from './parameters.ts'

export interface FgtraceParameters {
  readonly seconds: number
  readonly hz: number
  readonly stateframes: StateFrameForm
  readonly self: boolean
}

/** fgtrace's own: not 100, so that it does not march in step with what happens every 10 ms. */
const defaults = { seconds: 30, hz: 99 } as const

/** As for a CPU profile: beyond it the target pays more than it tells. */
const maxHz = 1000

/** In fgtrace's order, so that of several bad values the same one is named. */
export function readFgtraceParameters(query: Query, maxSeconds: number): FgtraceParameters {
  const seconds = readSeconds(firstValue(query, 'seconds'), maxSeconds)
  return {
    seconds,
    hz: readHz(firstValue(query, 'hz')),
    stateframes: oneOf(query, 'stateframes', stateFrameForms, 'root'),
    self: oneOf(query, 'self', ['0', '1'], '0') === '1',
  }
}

function readSeconds(text: string | undefined, maxSeconds: number): number {
  if (text === undefined) return Math.min(defaults.seconds, maxSeconds)
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
  if (seconds > maxSeconds) throw bad(`more than ${maxSeconds}, which limits.maxSeconds allows`)
  return seconds
}

function readHz(text: string | undefined): number {
  if (text === undefined) return defaults.hz
  const bad = (reason: string) => badValue('hz', text, reason)
  if (!/^[+-]?\d+$/.test(text)) throw bad(`strconv.Atoi: parsing ${quoted(text)}: invalid syntax`)
  const hz = Number(text)
  // Of what a signed number of 64 bits holds.
  if (Math.abs(hz) >= 2 ** 63)
    throw bad(`strconv.Atoi: parsing ${quoted(text)}: value out of range`)
  if (hz <= 0) throw bad('invalid value')
  if (hz > maxHz) throw bad(`more than ${maxHz}`)
  return hz
}

function badValue(name: string, text: string, reason: string): InputError {
  return new InputError('parameter-invalid', `bad ${name}: ${quoted(text)}: ${reason}`)
}

/** 40 characters are enough to recognise one's own mistake. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text)
}
