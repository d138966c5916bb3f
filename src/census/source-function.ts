/** A function of a source and its suspend points, while and after they are collected. */

export type PointKind = 'await' | 'yield' | 'start'

export interface SuspendPoint {
  readonly kind: PointKind
  /** In UTF-16 units from the beginning of the source. */
  readonly offset: number
}

export interface SourceFunction {
  /** Of a method, the class it stands in. */
  readonly className: string
  /** Undefined where they are not known: a function with `await using` has points that are in no expression. */
  readonly points: readonly SuspendPoint[] | undefined
}

/** By where V8 has them begin: at the parameters; 0 for a module. */
export type SourceFunctions = ReadonlyMap<number, SourceFunction>

export interface Breakable {
  readonly labels: readonly string[]
  /** A plain `break` ends it: a loop or a switch, not a labelled block. */
  readonly isPlain: boolean
  isBroken: boolean
}

/** A function that is being walked through. */
export interface Body {
  readonly points: SuspendPoint[]
  readonly isAsyncGenerator: boolean
  usesDisposal: boolean
  /** Whether what comes next cannot be reached. */
  isDead: boolean
  readonly breakables: Breakable[]
  labels: string[]
}

export function newBody(isAsyncGenerator: boolean): Body {
  const rest = { usesDisposal: false, isDead: false, breakables: [], labels: [] }
  return { points: [], isAsyncGenerator, ...rest }
}
