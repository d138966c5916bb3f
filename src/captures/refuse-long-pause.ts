import { CaptureError } from '../errors.ts'
import type { Target } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'

/**
 * `what` would stop the target, as in `starting the profiler`. Without a limit nothing is refused.
 * @throws {CaptureError} pause-too-long.
 */
export async function refuseLongPause(
  targets: Targets,
  target: Target,
  what: string,
  maxPauseMs: number | undefined,
): Promise<void> {
  if (maxPauseMs === undefined) return
  const { estimatedPause } = await targets.preflight(target)
  if (estimatedPause === undefined || estimatedPause.toMs <= maxPauseMs) return
  const { fromMs, toMs } = estimatedPause
  throw new CaptureError(
    'pause-too-long',
    `${what} would stop ${target.id} for about ${fromMs} to ${toMs} ms, ` +
      `and limits.maxPauseMs is ${maxPauseMs}; force=1 does it all the same`,
  )
}
