import { readdir } from 'node:fs/promises'

/** The pids of all processes, ascending; none where there is no /proc. */
export async function listPids(procRoot = '/proc'): Promise<readonly number[]> {
  const names = await readdir(procRoot).catch(() => [])
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)
}
