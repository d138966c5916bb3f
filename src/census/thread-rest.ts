/** Whether a thread sleeps, and whether it has run in between: /proc/PID/task/TID/stat and schedstat. */
import { readFileSync } from 'node:fs'
import { parseProcessStat } from '../proc/process-stat.ts'

/** Undefined while it runs or may run; one that is stopped rests. Two equal answers mean that it did nothing between them. */
export function restOf(folder: string): string | undefined {
  try {
    const stat = parseProcessStat(readFileSync(`${folder}/stat`, 'utf8'))
    // Time on a processor, time in the queue for one, and how often it got one.
    const isResting = /[STt]/.test(stat?.state ?? '')
    return isResting ? readFileSync(`${folder}/schedstat`, 'utf8') : undefined
  } catch {
    return undefined
  }
}
