/** The state of a process's main thread, read at once: one letter, as proc_pid_stat(5) has it. */
import { readFileSync } from 'node:fs'
import { parseProcessStat } from './process-stat.ts'

/** Undefined when the process is gone. */
export function mainThreadLetter(pid: number, procRoot = '/proc'): string | undefined {
  try {
    return parseProcessStat(readFileSync(`${procRoot}/${pid}/task/${pid}/stat`, 'utf8'))?.state
  } catch {
    return undefined
  }
}
