import { readProcFile } from './proc-file.ts'

/** Distinguishes this boot of the machine from every other; '' where the kernel does not tell. */
export async function readBootId(procRoot = '/proc'): Promise<string> {
  return (await readProcFile(`${procRoot}/sys/kernel/random/boot_id`))?.trim() ?? ''
}
