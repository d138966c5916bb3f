/** /proc/meminfo (proc_meminfo(5)): what the whole machine has left. */
import { readProcFile } from './proc-file.ts'

export interface HostMemory {
  readonly totalBytes: number
  /** What can be allocated without swapping, by the kernel's own estimate. */
  readonly availableBytes: number
}

/** Undefined where there is no such file. */
export async function readHostMemory(procRoot = '/proc'): Promise<HostMemory | undefined> {
  const text = await readProcFile(`${procRoot}/meminfo`)
  // In kB, which here are KiB.
  const bytesOf = (name: string) =>
    Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(text ?? '')?.[1]) * 1024
  const [totalBytes, availableBytes] = [bytesOf('MemTotal'), bytesOf('MemAvailable')]
  if (Number.isNaN(totalBytes) || Number.isNaN(availableBytes)) return undefined
  return { totalBytes, availableBytes }
}
