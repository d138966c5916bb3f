/** A pid is reused; a pid with its start time is not (within one boot). */
import { readProcessStat } from './process-stat.ts'

export interface ProcessIdentity {
  readonly pid: number
  readonly startTimeTicks: bigint
}

/** Whether that very process still runs; a zombie does not, nor what is just ending. */
export async function isStillRunning(
  { pid, startTimeTicks }: ProcessIdentity,
  procRoot = '/proc',
): Promise<boolean> {
  const stat = await readProcessStat(pid, procRoot)
  if (stat === undefined || stat.isExiting || /[ZXx]/.test(stat.state)) return false
  return stat.startTimeTicks === startTimeTicks
}
