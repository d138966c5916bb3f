/** The body of a function while it is walked through: its points so far, and what of it can be reached. */
import type { PointKind, SuspendPoint } from './source-function.ts'

/** What `break` and `continue` leave or pass through. */
export interface Scope {
  readonly kind: 'loop' | 'switch' | 'block' | 'finally'
  readonly labels: readonly string[]
  isBroken: boolean
  isContinued: boolean
  /** Of a `finally`: jumps that go on at its end. */
  readonly deferred: Jump[]
}

export interface Jump {
  readonly kind: 'break' | 'continue'
  readonly label: string | undefined
}

export class WalkedBody {
  readonly points: SuspendPoint[] = []
  readonly isAsyncGenerator: boolean
  usesDisposal = false
  /** Whether what comes next cannot be reached. */
  isDead = false
  /** Of the statement that comes next. */
  labels: string[] = []
  readonly #scopes: Scope[] = []

  constructor(isAsyncGenerator: boolean) {
    this.isAsyncGenerator = isAsyncGenerator
  }

  point(kind: PointKind, offset: number): void {
    if (!this.isDead) this.points.push({ kind, offset })
  }

  /** Runs `visit`; what comes after it can be reached if a `break` leads there. */
  scoped(kind: Scope['kind'], visit: (scope: Scope) => void): void {
    const rest = { isBroken: false, isContinued: false, deferred: [] }
    const scope: Scope = { kind, labels: this.labels, ...rest }
    this.labels = []
    this.#scopes.push(scope)
    visit(scope)
    this.#scopes.pop()
    if (scope.isBroken) this.isDead = false
  }

  /** To its target, or to the nearest `finally` on the way. Code that is not reached does not jump. */
  jump(jump: Jump): void {
    if (this.isDead) return
    const { kind, label } = jump
    const scope = this.#scopes.findLast((each) => {
      if (each.kind === 'finally') return true
      if (label !== undefined) return each.labels.includes(label)
      return each.kind === 'loop' || (kind === 'break' && each.kind === 'switch')
    })
    if (scope?.kind === 'finally') scope.deferred.push(jump)
    else if (scope !== undefined) scope[kind === 'break' ? 'isBroken' : 'isContinued'] = true
  }
}
