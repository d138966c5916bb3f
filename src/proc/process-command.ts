/** What a process was started with, as far as it still says so: `process.title` overwrites it. */
import { readProcFile, readProcLink, unlessDenied } from './proc-file.ts'

/** The arguments, argv[0] first; empty for kernel threads and zombies; undefined when gone. */
export async function readArguments(
  pid: number,
  procRoot = '/proc',
): Promise<readonly string[] | undefined> {
  const text = await readProcFile(`${procRoot}/${pid}/cmdline`)
  if (text === undefined) return undefined
  // A rewritten title is padded with NULs.
  return text === '' ? [] : text.replace(/\0+$/, '').split('\0')
}

/** One variable of the environment the process was started with; undefined where unknown. */
export async function readEnvironmentVariable(
  pid: number,
  name: string,
  procRoot = '/proc',
): Promise<string | undefined> {
  const text = await unlessDenied(readProcFile(`${procRoot}/${pid}/environ`))
  const entry = text?.split('\0').find((line) => line.startsWith(`${name}=`))
  return entry?.slice(name.length + 1)
}

/** Working directory, or '' where the kernel does not tell. */
export async function readWorkingDirectory(pid: number, procRoot = '/proc'): Promise<string> {
  return (await unlessDenied(readProcLink(`${procRoot}/${pid}/cwd`))) ?? ''
}
