/** /proc/PID/stat (proc_pid_stat(5)): state, parent, flags and the start time that tells two uses of a pid apart. */
import { readProcFile } from './proc-file.ts'

export interface ProcessStat {
  /** Kernel name of the main thread, at most 15 bytes; the process can set it to anything. */
  readonly comm: string
  /** One letter: R running, S sleeping, D disk, Z zombie, T stopped, t traced, X dead. */
  readonly state: string
  readonly parentPid: number
  readonly isKernelThread: boolean
  /** Its main thread is on its way out: memory and executable are gone already, the state says nothing yet. */
  readonly isExiting: boolean
  /** Clock ticks between boot and the process's start. */
  readonly startTimeTicks: bigint
}

/** PF_KTHREAD and PF_EXITING of include/linux/sched.h. */
const kernelThreadFlag = 0x0020_0000
const exitingFlag = 0x0000_0004

/** A zombie, or on its way to become one: nothing of it runs any more. */
export function isEnded({ state, isExiting }: ProcessStat): boolean {
  return isExiting || /[ZXx]/.test(state)
}

/** Undefined when there is no such process. */
export async function readProcessStat(
  pid: number,
  procRoot = '/proc',
): Promise<ProcessStat | undefined> {
  const text = await readProcFile(`${procRoot}/${pid}/stat`)
  return text === undefined ? undefined : parseProcessStat(text)
}

export function parseProcessStat(text: string): ProcessStat | undefined {
  // comm may itself hold parentheses and blanks: the fields go on after the last `)`.
  const open = text.indexOf('(')
  const close = text.lastIndexOf(')')
  if (open < 0 || close < open) return undefined
  const fields = text
    .slice(close + 1)
    .trim()
    .split(' ')
  // fields[0] is field 3 of proc_pid_stat(5).
  const [state, parentPid] = fields
  const flags = fields[6]
  const startTime = fields[19]
  if (!state || !parentPid || !flags || !startTime || !/^\d+$/.test(startTime)) return undefined
  return {
    comm: text.slice(open + 1, close),
    state,
    parentPid: Number(parentPid),
    isKernelThread: (Number(flags) & kernelThreadFlag) !== 0,
    isExiting: (Number(flags) & exitingFlag) !== 0,
    startTimeTicks: BigInt(startTime),
  }
}
