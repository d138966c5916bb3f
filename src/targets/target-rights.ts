/** What somebody who is neither root nor pprofd's own user may do with targets. */
import { TargetError } from '../errors.ts'
import type { Target } from './target.ts'

export interface TargetRights {
  /** Whose processes may be used: a uid. */
  readonly processesOf: number | 'anybody' | 'nobody'
  /** The profiles that may not be taken, called as in URLs. */
  readonly deny: readonly string[]
}

/** Undefined rights are all there are. */
export function mayUse(target: Target, rights: TargetRights | undefined): boolean {
  if (rights === undefined) return true
  // pprofd's memory holds the token and the profiles of others.
  if (target.kind === 'self') return false
  if (rights.processesOf === 'anybody') return true
  // A set-uid program was started by one user and acts for another: it is neither's alone.
  return target.uid === rights.processesOf && target.hasMixedUids !== true
}

/** The target with the rights that go with every use of it. @throws {TargetError} target-forbidden. */
export function withRights(target: Target, rights: TargetRights | undefined): Target {
  if (rights === undefined) return target
  if (mayUse(target, rights)) return { ...target, rights }
  if (target.kind === 'self') {
    const message = `${target.id} is pprofd, which only root and its own user may profile`
    throw new TargetError('target-forbidden', message)
  }
  const owner = target.uid < 0 ? 'a user that is not known' : `uid ${target.uid}`
  const allowed =
    rights.processesOf === 'nobody'
      ? 'who asks is not known, so that no process counts as theirs'
      : `uid ${rights.processesOf} may use only processes that are its own in every respect`
  const message = `the target ${target.id} belongs to ${owner}, but ${allowed}; access.targets: any in pprofd's configuration allows those of others`
  throw new TargetError('target-forbidden', message)
}
