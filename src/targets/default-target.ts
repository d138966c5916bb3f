/** Which process is meant when nobody says: the only one that could be. */
import { TargetError } from '../errors.ts'
import { readProcessStat } from '../proc/process-stat.ts'
import type { Preflight, Target } from './target.ts'

/** @throws {TargetError} target-ambiguous with the choices, or target-unknown when there is none. */
export async function chooseDefault(
  targets: readonly Target[],
  preflight: (target: Target) => Promise<Preflight>,
  procRoot: string,
): Promise<Target> {
  // `npx pprofd` is itself a Node process, and nobody's target.
  const ancestors = await ancestorsOf(process.pid, procRoot)
  const candidates = targets.filter(({ kind, pid }) => kind !== 'self' && !ancestors.has(pid))
  const judged = await Promise.all(candidates.map(preflight))
  const [first, ...others] = judged.filter(({ attachable }) => attachable)
  if (first === undefined) {
    throw new TargetError(
      'target-unknown',
      'there is no Node process that pprofd could attach to',
      {
        tryNext: 'pprofd ps',
      },
    )
  }
  if (others.length === 0) return first.target
  const choices = [first, ...others].map(({ target }) => `${target.id} (${target.name})`)
  throw new TargetError('target-ambiguous', `choose a target: ${choices.join(', ')}`)
}

async function ancestorsOf(pid: number, procRoot: string): Promise<ReadonlySet<number>> {
  const ancestors = new Set<number>()
  for (let next = pid; next > 1 && !ancestors.has(next); ) {
    ancestors.add(next)
    next = (await readProcessStat(next, procRoot))?.parentPid ?? 0
  }
  return ancestors
}
