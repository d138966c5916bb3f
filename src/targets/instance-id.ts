/** The stable id of one run of one process: pids are reused, and boots begin them anew. */
import { readBootId } from '../proc/boot-id.ts'
import type { ProcessIdentity } from '../proc/process-identity.ts'

/** Such as `4711-8812345-1a2b3c4d`: pid, start time in clock ticks, the beginning of the boot id. */
export async function instanceId(
  { pid, startTimeTicks }: ProcessIdentity,
  procRoot: string,
): Promise<string> {
  const bootId = await readBootId(procRoot)
  return `${pid}-${startTimeTicks}-${bootId.slice(0, 8)}`
}

/** The pid of an instance id; undefined for what is none. */
export function pidOfInstance(id: string): number | undefined {
  const match = /^(\d{1,10})-\d{1,20}-[0-9a-f]{0,8}$/.exec(id)
  return match ? Number(match[1]) : undefined
}
