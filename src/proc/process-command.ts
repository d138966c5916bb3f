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

/** One variable of the environment the process was started with; `ifDenied` where that is unreadable. */
export async function readEnvironmentVariable(
  pid: number,
  name: string,
  procRoot = '/proc',
  ifDenied?: string,
): Promise<string | undefined> {
  const path = `${procRoot}/${pid}/environ`
  const text = await unlessDenied(readProcFile(path).then((text) => text ?? ''))
  if (text === undefined) return ifDenied
  const entry = text.split('\0').find((line) => line.startsWith(`${name}=`))
  return entry?.slice(name.length + 1)
}

/** The environment the process was started with; empty where it is unreadable. */
export async function readEnvironment(
  pid: number,
  procRoot = '/proc',
): Promise<ReadonlyMap<string, string>> {
  const text = (await unlessDenied(readProcFile(`${procRoot}/${pid}/environ`))) ?? ''
  const entries = text.split('\0').map((line) => {
    const equals = line.indexOf('=')
    return [line.slice(0, equals), line.slice(equals + 1)] as const
  })
  return new Map(entries)
}

/** Working directory, or '' where the kernel does not tell. */
export async function readWorkingDirectory(pid: number, procRoot = '/proc'): Promise<string> {
  return (await unlessDenied(readProcLink(`${procRoot}/${pid}/cwd`))) ?? ''
}
