/** The memory fields of /proc/PID/status (proc_pid_status(5)), in bytes. */
import { readProcFile } from './proc-file.ts'

export interface ResidentMemory {
  readonly residentBytes: number
  /** Highest `residentBytes` so far. */
  readonly residentPeakBytes: number
  /** Parts of `residentBytes`: what no file backs (heaps, buffers, stacks), mapped files, shared memory. */
  readonly anonymousBytes: number
  readonly fileBytes: number
  readonly sharedBytes: number
  readonly swappedBytes: number
  /** Address space, most of which is never touched. */
  readonly virtualBytes: number
}

/** Undefined when there is no such process, or it is a zombie, which has no memory. */
export async function readResidentMemory(
  pid: number,
  procRoot = '/proc',
): Promise<ResidentMemory | undefined> {
  const text = await readProcFile(`${procRoot}/${pid}/status`)
  if (text === undefined || !/^VmRSS:/m.test(text)) return undefined
  // In kB, which here are KiB.
  const bytesOf = (name: string) =>
    Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * 1024
  return {
    residentBytes: bytesOf('VmRSS'),
    residentPeakBytes: bytesOf('VmHWM'),
    anonymousBytes: bytesOf('RssAnon'),
    fileBytes: bytesOf('RssFile'),
    sharedBytes: bytesOf('RssShmem'),
    swappedBytes: bytesOf('VmSwap'),
    virtualBytes: bytesOf('VmSize'),
  }
}
