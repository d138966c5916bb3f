/** What can be told of a target in passing. Nothing in the target notices. */
import { readNodeVersion } from '../proc/node-version.ts'
import { type ProcessFigures, readProcessFigures } from '../proc/process-figures.ts'
import type { Target } from './target.ts'

export interface TargetFigures extends ProcessFigures {
  /** Such as `v20.20.2`; undefined where its executable does not tell. */
  readonly nodeVersion: string | undefined
}

/** Undefined for a target that is known by its port only, and one that is gone. */
export async function readTargetFigures(
  target: Target,
  procRoot: string,
): Promise<TargetFigures | undefined> {
  if (target.pid === 0) return undefined
  const [figures, nodeVersion] = await Promise.all([
    readProcessFigures(target, procRoot),
    target.kind === 'self' ? process.version : readNodeVersion(target.pid, procRoot),
  ])
  return figures && { ...figures, nodeVersion }
}
