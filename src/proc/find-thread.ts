/** A thread by the id that it has in its own pid namespace, as /proc/PID/task/TID/status tells it. */
import { readProcFile, readProcFolder } from './proc-file.ts'

/** The id of the thread here; undefined when there is none, or no longer. */
export async function findThread(
  pid: number,
  innermostTid: number,
  procRoot = '/proc',
): Promise<number | undefined> {
  const folder = `${procRoot}/${pid}/task`
  const isIt = async (tid: number) => (await innermost(`${folder}/${tid}/status`)) === innermostTid
  // Without namespaces both are the same.
  if (await isIt(innermostTid)) return innermostTid
  for (const name of (await readProcFolder(folder)) ?? []) {
    if (await isIt(Number(name))) return Number(name)
  }
  return undefined
}

async function innermost(path: string): Promise<number | undefined> {
  const [, tid] = /^NSpid:.*?(\d+)$/m.exec((await readProcFile(path)) ?? '') ?? []
  return tid === undefined ? undefined : Number(tid)
}
