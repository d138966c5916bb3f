/** The memory of a target as the kernel sees it: nothing in the target notices. */
import { type CgroupMemory, readCgroupMemory } from '../proc/cgroup-memory.ts'
import { type HostMemory, readHostMemory } from '../proc/host-memory.ts'
import { type ResidentMemory, readResidentMemory } from '../proc/resident-memory.ts'

export interface ProcessMemory {
  readonly resident: ResidentMemory | undefined
  /** Undefined where no control group of the process is in sight. */
  readonly cgroup: CgroupMemory | undefined
  readonly host: HostMemory | undefined
}

/** For a target that is known by its port only, nothing but the host can be told. */
export async function readProcessMemory(pid: number, procRoot = '/proc'): Promise<ProcessMemory> {
  const ofProcess = pid !== 0
  const [resident, cgroup, host] = await Promise.all([
    ofProcess ? readResidentMemory(pid, procRoot) : undefined,
    ofProcess ? readCgroupMemory(pid, procRoot) : undefined,
    readHostMemory(procRoot),
  ])
  return { resident, cgroup, host }
}
