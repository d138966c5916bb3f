/**
 * Where the control group of a process is to be found as a folder: its line of /proc/PID/cgroup
 * joined with the mounts of /proc/self/mountinfo (cgroups(7), proc_pid_mountinfo(5)).
 */
import { readProcFile } from './proc-file.ts'

export interface MountedCgroup {
  readonly version: 1 | 2
  /** The group's path as the kernel names it, seen from pprofd's own cgroup namespace. */
  readonly path: string
  /** Folders of the group and of all groups around it that can be seen, innermost first. */
  readonly folders: readonly string[]
}

/** The group that limits the memory of a process; undefined where there is none, or none in sight. */
export async function findMemoryCgroup(
  pid: number,
  procRoot = '/proc',
): Promise<MountedCgroup | undefined> {
  const [groups, mounts] = await Promise.all([
    readProcFile(`${procRoot}/${pid}/cgroup`),
    readProcFile(`${procRoot}/self/mountinfo`),
  ])
  const group = parseMemoryGroup(groups ?? '')
  if (group === undefined) return undefined
  for (const { root, mountPoint } of parseCgroupMounts(mounts ?? '', group.version)) {
    const inner = pathBelow(group.path, root)
    if (inner !== undefined) return { ...group, folders: foldersUp(mountPoint, inner) }
  }
  return undefined
}

interface Group {
  readonly version: 1 | 2
  readonly path: string
}

/** Lines are `ID:controllers:path`. A memory controller of version 1 is then not in version 2's tree. */
function parseMemoryGroup(text: string): Group | undefined {
  let unified: Group | undefined
  for (const line of text.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    if (controllers === undefined || path === undefined) continue
    if (controllers.split(',').includes('memory')) return { version: 1, path }
    if (controllers === '') unified = { version: 2, path }
  }
  return unified
}

interface CgroupMount {
  /** The group that is seen at the mount point. */
  readonly root: string
  readonly mountPoint: string
}

function parseCgroupMounts(text: string, version: 1 | 2): CgroupMount[] {
  return text.split('\n').flatMap((line) => {
    const [place = '', source = ''] = line.split(' - ')
    const [, , , root, mountPoint] = place.split(' ')
    const [type, , options = ''] = source.split(' ')
    if (root === undefined || mountPoint === undefined) return []
    const isWanted =
      version === 2
        ? type === 'cgroup2'
        : type === 'cgroup' && options.split(',').includes('memory')
    return isWanted ? [{ root: unescaped(root), mountPoint: unescaped(mountPoint) }] : []
  })
}

/** A group outside of what is mounted, or of pprofd's cgroup namespace (`/../..`), is out of sight. */
function pathBelow(path: string, root: string): string | undefined {
  if (path.split('/').includes('..')) return undefined
  if (root === '/') return path
  return path === root || path.startsWith(`${root}/`) ? path.slice(root.length) : undefined
}

function foldersUp(mountPoint: string, inner: string): string[] {
  const names = inner.split('/').filter((name) => name !== '')
  return names
    .map((_, i) => [mountPoint, ...names.slice(0, names.length - i)].join('/'))
    .concat(mountPoint)
}

/** Spaces and the like are octal in mountinfo. */
function unescaped(text: string): string {
  return text.replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)))
}
