import { readProcFile } from './proc-file.ts'

/** The processes that the main thread of a process started and that still run (proc_pid_task(5)). */
export async function childPids(pid: number, procRoot = '/proc'): Promise<readonly number[]> {
  const text = await readProcFile(`${procRoot}/${pid}/task/${pid}/children`)
  return (text ?? '').split(' ').filter(Boolean).map(Number)
}
