/**
 * How much memory the control groups of a process still allow it: the tightest limit of its group
 * and of all around it (https://docs.kernel.org/admin-guide/cgroup-v2.html, and v1/memory).
 */
import { findMemoryCgroup } from './mounted-cgroups.ts'
import { readProcFile, unlessDenied } from './proc-file.ts'

export interface CgroupMemory {
  readonly version: 1 | 2
  /** The process's group. */
  readonly path: string
  /** The limit that is reached first; undefined: no group in sight has one. */
  readonly limitBytes: number | undefined
  /** Used in the group that has this limit, or in the process's own without one. */
  readonly usedBytes: number
  /** Of it: file pages not in use, which the kernel takes back before anybody is killed. */
  readonly reclaimableBytes: number
  /** What may still be allocated until the limit is reached. */
  readonly headroomBytes: number | undefined
}

type Level = Omit<CgroupMemory, 'version' | 'path'>

/** Where nothing is limited, version 1 says the highest number of pages that fits in 63 bits. */
const unlimitedFrom = 2 ** 62

/** Undefined where the process is in no group that pprofd can see. */
export async function readCgroupMemory(
  pid: number,
  procRoot = '/proc',
): Promise<CgroupMemory | undefined> {
  const cgroup = await findMemoryCgroup(pid, procRoot)
  if (cgroup === undefined) return undefined
  const { version, path, folders } = cgroup
  const read = version === 2 ? readLevel2 : readLevel1
  const levels = (await Promise.all(folders.map(read))).filter((level) => level !== undefined)
  const [own] = levels
  if (own === undefined) return undefined
  const headroomOf = ({ headroomBytes = Number.POSITIVE_INFINITY }: Level) => headroomBytes
  const tightest = levels.reduce((a, b) => (headroomOf(b) < headroomOf(a) ? b : a), own)
  return { version, path, ...tightest }
}

/** The root of version 2 has none of these files. */
async function readLevel2(folder: string): Promise<Level | undefined> {
  const [used, max, high, stat] = await Promise.all(
    ['memory.current', 'memory.max', 'memory.high', 'memory.stat'].map((name) =>
      readText(`${folder}/${name}`),
    ),
  )
  // Above `high` the kernel slows a process down until it hardly runs: as good as a limit.
  return levelOf(used, [max, high], stat, 'inactive_file')
}

async function readLevel1(folder: string): Promise<Level | undefined> {
  const [used, max, stat] = await Promise.all(
    ['memory.usage_in_bytes', 'memory.limit_in_bytes', 'memory.stat'].map((name) =>
      readText(`${folder}/${name}`),
    ),
  )
  return levelOf(used, [max], stat, 'total_inactive_file')
}

function levelOf(
  used: string | undefined,
  limits: readonly (string | undefined)[],
  stat = '',
  inactiveFile: string,
): Level | undefined {
  if (used === undefined) return undefined
  const usedBytes = Number(used)
  const limitBytes = limits
    .map(Number)
    .filter((limit) => limit < unlimitedFrom)
    .sort((a, b) => a - b)[0]
  const inactive = Number(new RegExp(`^${inactiveFile} (\\d+)$`, 'm').exec(stat)?.[1] ?? 0)
  const reclaimableBytes = Math.min(inactive, usedBytes)
  return {
    limitBytes,
    usedBytes,
    reclaimableBytes,
    headroomBytes:
      limitBytes === undefined ? undefined : Math.max(0, limitBytes - usedBytes + reclaimableBytes),
  }
}

async function readText(path: string): Promise<string | undefined> {
  return (await unlessDenied(readProcFile(path)))?.trim()
}
