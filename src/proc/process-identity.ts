/** A pid is reused; a pid with its start time is not (within one boot). */
import { isEnded, readProcessStat } from './process-stat.ts'

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
  return stat !== undefined && !isEnded(stat) && stat.startTimeTicks === startTimeTicks
}
