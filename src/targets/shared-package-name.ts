/** The name of a process' package, looked for once where many processes of one program are asked about. */
import { linkAtOnce } from '../proc/proc-file.ts'
import { packageName } from './package-name.ts'

/** What is being looked for now. What was found is not kept: the file may change. */
const looking = new Map<string, Promise<string | undefined>>()

/** Files of the same path below the same root in the same mounts are one file. */
export async function sharedPackageName(
  processFolder: string,
  workingDirectory: string,
  script: string,
): Promise<string | undefined> {
  const look = () => packageName(`${processFolder}/root`, workingDirectory, script)
  const root = linkAtOnce(`${processFolder}/root`)
  const mounts = linkAtOnce(`${processFolder}/ns/mnt`)
  if (root === undefined || mounts === undefined) return look()
  const key = [mounts, root, workingDirectory, script].join('\0')
  const shared = looking.get(key)
  // The process by way of which it is looked for may end meanwhile.
  if (shared !== undefined) return (await shared) ?? look()
  const name = look()
  looking.set(key, name)
  try {
    return await name
  } finally {
    looking.delete(key)
  }
}
