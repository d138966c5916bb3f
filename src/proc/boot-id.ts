import { readProcFile } from './proc-file.ts'

/** By the folder of /proc: it stays the same for as long as we can run. */
const bootIds = new Map<string, string>()

/** Distinguishes this boot of the machine from every other; '' where the kernel does not tell. */
export async function readBootId(procRoot = '/proc'): Promise<string> {
  const known = bootIds.get(procRoot)
  if (known !== undefined) return known
  const bootId = (await readProcFile(`${procRoot}/sys/kernel/random/boot_id`))?.trim() ?? ''
  if (bootId !== '') bootIds.set(procRoot, bootId)
  return bootId
}
