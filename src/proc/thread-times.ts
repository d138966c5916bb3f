/**
 * The CPU time of a process's threads, of whatever kind: /proc/PID/task/TID/schedstat has nanoseconds
 * (Documentation/scheduler/sched-stats.rst), stat has ticks everywhere (proc_pid_stat(5)).
 */

import { monotonicUs } from './monotonic-time.ts'
import { readProcFile, readProcFolder, unlessDenied } from './proc-file.ts'

export interface ThreadTime {
  readonly tid: number
  /** The tid as the thread itself sees it, in its own pid namespace. */
  readonly innermostTid: number
  /** Kernel name, at most 15 bytes. */
  readonly comm: string
  /** Clock ticks between boot and the thread's start: tells two uses of a tid apart. */
  readonly startTimeTicks: number
  readonly time: CpuTime
}

export interface CpuTime {
  /** On this host's monotonic clock, which V8's profiles have, too. */
  readonly atUs: number
  /** Time on a CPU since the thread's start. */
  readonly usedUs: number
  /** Time it was ready and waited for a CPU; undefined where the kernel does not tell. */
  readonly queuedUs: number | undefined
}

/** USER_HZ, 100 on x64 and arm64: a tick is 10 ms. */
const tickUs = 10_000

/** All threads in order of their ids, the main thread first; none when the process is gone. */
export async function readThreadTimes(
  pid: number,
  procRoot = '/proc',
): Promise<readonly ThreadTime[]> {
  const names = (await unlessDenied(readProcFolder(`${procRoot}/${pid}/task`))) ?? []
  const tids = names.map(Number).sort((a, b) => a - b)
  const threads = await Promise.all(tids.map((tid) => readThread(pid, tid, procRoot)))
  return threads.filter((thread) => thread !== undefined)
}

/** Of one thread; undefined when it is gone. */
export async function readCpuTime(
  pid: number,
  tid: number,
  procRoot = '/proc',
): Promise<CpuTime | undefined> {
  const folder = `${procRoot}/${pid}/task/${tid}`
  const exact = parseSchedstat((await unlessDenied(readProcFile(`${folder}/schedstat`))) ?? '')
  if (exact) return { atUs: monotonicUs(), ...exact }
  const stat = parseThreadStat((await unlessDenied(readProcFile(`${folder}/stat`))) ?? '')
  return stat && { atUs: monotonicUs(), usedUs: stat.usedUs, queuedUs: undefined }
}

/** CPU time of a process with all threads that it ever had; undefined when it is gone. */
export async function readProcessCpuUs(
  pid: number,
  procRoot = '/proc',
): Promise<number | undefined> {
  const text = await unlessDenied(readProcFile(`${procRoot}/${pid}/stat`))
  return parseThreadStat(text ?? '')?.usedUs
}

/** `USED QUEUED SLICES`, ns; all 0 where the kernel counts nothing. */
export function parseSchedstat(
  text: string,
): { readonly usedUs: number; readonly queuedUs: number } | undefined {
  const [, used = '0', queued = '0'] = /^(\d+) (\d+) \d+/.exec(text) ?? []
  if (Number(used) === 0) return undefined
  return { usedUs: Number(used) / 1000, queuedUs: Number(queued) / 1000 }
}

export function parseThreadStat(
  text: string,
): (Pick<ThreadTime, 'comm' | 'startTimeTicks'> & { readonly usedUs: number }) | undefined {
  const [, comm = '', rest] = /^\d+ \((.*)\) (.*)$/s.exec(text) ?? []
  // The first of these is field 3 of proc_pid_stat(5): utime is 14, stime 15, starttime 22.
  const fields = rest?.trim().split(' ').map(Number) ?? []
  const [user = Number.NaN, system = Number.NaN] = fields.slice(11, 13)
  const startTimeTicks = fields[19]
  if (startTimeTicks === undefined || !Number.isFinite(user + system)) return undefined
  return { comm, startTimeTicks, usedUs: (user + system) * tickUs }
}

async function readThread(
  pid: number,
  tid: number,
  procRoot: string,
): Promise<ThreadTime | undefined> {
  const folder = `${procRoot}/${pid}/task/${tid}`
  const [stat, status, time] = await Promise.all([
    unlessDenied(readProcFile(`${folder}/stat`)),
    unlessDenied(readProcFile(`${folder}/status`)),
    readCpuTime(pid, tid, procRoot),
  ])
  const parsed = parseThreadStat(stat ?? '')
  if (!parsed || !time) return undefined
  const { comm, startTimeTicks } = parsed
  const innermostTid = Number(/^NSpid:.*?(\d+)$/m.exec(status ?? '')?.[1] ?? tid)
  return { tid, innermostTid, comm, startTimeTicks, time }
}
