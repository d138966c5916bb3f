/** A function of a source and its suspend points. */

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
