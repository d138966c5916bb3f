/** What the kernel counts of a process, in two small files: for a display that is refreshed all the time. */
import { readProcFile, unlessDenied } from './proc-file.ts'
import { parseThreadStat } from './thread-times.ts'

export interface ProcessFigures {
  /** CPU time since its start, of all threads that it ever had; in steps of 10 ms. */
  readonly cpuMs: number
  /** When that was read; on a clock that only its differences mean something of. */
  readonly atMs: number
  readonly residentBytes: number
  readonly threads: number
  readonly uptimeSeconds: number
}

/** USER_HZ, 100 on x64 and arm64. */
const ticksPerSecond = 100

/** Undefined when the process is gone, or another one has its pid by now. */
export async function readProcessFigures(
  { pid, startTimeTicks }: { readonly pid: number; readonly startTimeTicks: bigint },
  procRoot = '/proc',
): Promise<ProcessFigures | undefined> {
  const [statText, status, uptime] = await Promise.all([
    unlessDenied(readProcFile(`${procRoot}/${pid}/stat`)),
    unlessDenied(readProcFile(`${procRoot}/${pid}/status`)),
    unlessDenied(readProcFile(`${procRoot}/uptime`)),
  ])
  const stat = parseThreadStat(statText ?? '')
  const [, residentKib] = /^VmRSS:\s*(\d+) kB$/m.exec(status ?? '') ?? []
  // A zombie has a stat, but no memory.
  if (stat?.startTimeTicks !== Number(startTimeTicks) || residentKib === undefined) return undefined
  const sinceBoot = Number.parseFloat(uptime ?? '')
  return {
    cpuMs: stat.usedUs / 1000,
    atMs: performance.now(),
    residentBytes: Number(residentKib) * 1024,
    threads: Number(/^Threads:\s*(\d+)$/m.exec(status ?? '')?.[1] ?? 0),
    uptimeSeconds: Math.max(0, sinceBoot - stat.startTimeTicks / ticksPerSecond),
  }
}
