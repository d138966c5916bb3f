/** What passes between pprofd and the thread that converts recordings. */
import type { Failure } from '../../convert/failures.ts'
import type { ScriptQuestions, SourceAnswer } from '../../sourcemaps/questions.ts'
import type { ConversionJob, Converted } from './conversion-job.ts'

export type ToConverter =
  /** `hasSources`: whether it may ask for what was written. */
  | {
      readonly id: number
      readonly kind: 'convert'
      readonly job: ConversionJob
      readonly hasSources: boolean
    }
  | { readonly id: number; readonly kind: 'sources'; readonly answer: SourceAnswer }

export type FromConverter =
  | { readonly id: number; readonly kind: 'ask'; readonly scripts: readonly ScriptQuestions[] }
  | { readonly id: number; readonly kind: 'done'; readonly result: PackedConversion }
  | { readonly id: number; readonly kind: 'failed'; readonly failure: Failure }

/** 100,000 pairs take 30 ms to read out of a message, one text and one array none. */
export interface PackedConversion {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly contentType: string
  readonly addresses: Float64Array<ArrayBuffer>
  /** Of each address, on lines: names have no line breaks, see clean-text.ts. */
  readonly names: string
}

export function pack({ bytes, contentType, symbols }: Converted): PackedConversion {
  const all = [...symbols]
  return {
    // In a buffer of its own, which is handed over as it is.
    bytes: new Uint8Array(bytes),
    contentType,
    addresses: Float64Array.from(all, ([address]) => address),
    names: all.map(([, name]) => name).join('\n'),
  }
}

export function unpack({ bytes, contentType, addresses, names }: PackedConversion): Converted {
  return { bytes, contentType, symbols: pairs(addresses, names) }
}

function* pairs(addresses: Float64Array, names: string): Generator<readonly [number, string]> {
  let start = 0
  for (const address of addresses) {
    const end = names.indexOf('\n', start)
    yield [address, end < 0 ? names.slice(start) : names.slice(start, end)]
    start = end + 1
  }
}
