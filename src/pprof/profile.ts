/**
 * A profile in pprof's own words, as `decodeProfile` reads it. To make one, use ProfileBuilder.
 * https://github.com/google/pprof/blob/main/proto/profile.proto
 */

export interface ValueType {
  /** What is measured, such as `cpu`; letters, digits and `_` only. */
  readonly type: string
  /** In which unit, such as `nanoseconds`. */
  readonly unit: string
}

export interface Mapping {
  readonly id: number
  /** The executable. */
  readonly file: string
  readonly hasFunctions: boolean
  readonly hasFilenames: boolean
  readonly hasLineNumbers: boolean
}

export interface ProfileFunction {
  readonly id: number
  readonly name: string
  readonly systemName: string
  readonly file: string
  /** 1-based; 0 where unknown. */
  readonly startLine: number
}

export interface Line {
  readonly function: ProfileFunction | undefined
  /** 1-based; 0 where unknown. */
  readonly line: number
  /** 1-based; 0 where unknown. */
  readonly column: number
}

export interface Location {
  readonly id: number
  readonly mapping: Mapping | undefined
  readonly address: number
  readonly lines: readonly Line[]
}

export interface Label {
  readonly key: string
  /** Empty for a label that holds a number. */
  readonly str: string
  readonly num: number
}

export interface Sample {
  /** The leaf first; undefined where the profile names a location it does not hold. */
  readonly stack: readonly (Location | undefined)[]
  /** One for each of the profile's sample types. */
  readonly values: readonly number[]
  readonly labels: readonly Label[]
}

export interface Profile {
  readonly sampleTypes: readonly ValueType[]
  readonly samples: readonly Sample[]
  readonly mappings: readonly Mapping[]
  readonly locations: readonly Location[]
  readonly functions: readonly ProfileFunction[]
  readonly stringTable: readonly string[]
  /** Nanoseconds since the epoch; beyond what a number holds exactly. */
  readonly timeNanos: bigint
  readonly durationNanos: number
  readonly periodType: ValueType
  readonly period: number
  readonly comments: readonly string[]
  readonly defaultSampleType: string
  readonly docUrl: string
}

/** Limits of the readers of profiles: converters keep to the first two, check-valid asserts all. */
export const limits = {
  /** Parca and Pyroscope cut or refuse longer names. */
  functionNameBytes: 512,
  fileNameBytes: 1024,
  /** Pyroscope's default limits for one profile, uncompressed. */
  profileBytes: 4 * 1024 * 1024,
  samples: 16_000,
} as const
