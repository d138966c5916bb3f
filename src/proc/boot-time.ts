import { readProcFile } from './proc-file.ts'

/** When the machine was booted, in seconds since the epoch, as whole as the kernel says it. */
export async function readBootTime(procRoot = '/proc'): Promise<number | undefined> {
  const [, seconds] = /^btime (\d+)$/m.exec((await readProcFile(`${procRoot}/stat`)) ?? '') ?? []
  return seconds === undefined ? undefined : Number(seconds)
}
