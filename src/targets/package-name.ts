/** The name in the package.json nearest to a script, as npm would find it (npm-prefix(1)). */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'

/** A package.json of npm's registry has a few kB; the target's files are not ours to trust. */
const maxFileBytes = 256 * 1024

/** Deeper paths are nobody's application. */
const maxFolders = 30

/**
 * `root`: the folder that is the process's `/`, such as /proc/PID/root. Undefined where there is no
 * package.json with a name, or none that may be read.
 */
export async function packageName(
  root: string,
  workingDirectory: string,
  script: string,
): Promise<string | undefined> {
  let folder = dirname(resolve(workingDirectory || '/', script))
  for (let depth = 0; depth < maxFolders; depth++) {
    const text = await readSmallFile(join(root, folder, 'package.json'))
    if (text !== undefined) return nameIn(text)
    if (folder === '/') return undefined
    folder = dirname(folder)
  }
  return undefined
}

function nameIn(text: string): string | undefined {
  try {
    const name: unknown = JSON.parse(text)?.name
    return typeof name === 'string' && name !== '' ? name : undefined
  } catch {
    return undefined
  }
}

/** Undefined where it is missing, no plain file, too large or not to be read. */
export async function readSmallFile(path: string): Promise<string | undefined> {
  // Not blocking: what is called package.json there may be a pipe that nobody writes to.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined)
  if (file === undefined) return undefined
  try {
    const stat = await file.stat()
    return stat.isFile() && stat.size <= maxFileBytes ? await file.readFile('utf8') : undefined
  } catch {
    return undefined
  } finally {
    await file.close()
  }
}
