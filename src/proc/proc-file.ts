/** Reading files of /proc, where a process may be gone between any two steps. */
import { readFileSync } from 'node:fs'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { isMainThread } from 'node:worker_threads'

/** The text of a file; undefined when the process or the file is gone. Other failures are thrown. */
export function readProcFile(path: string): Promise<string | undefined> {
  return unlessGone(isMainThread ? readFile(path, 'utf8') : readAtOnce(path))
}

/** Node never closes a file that a thread was opening when it was ended; this way it is none. */
async function readAtOnce(path: string): Promise<string> {
  return readFileSync(path, 'utf8')
}

/** What a link points to; undefined when the process or the link is gone. */
export function readProcLink(path: string): Promise<string | undefined> {
  return unlessGone(readlink(path))
}

/** The names in a folder; undefined when the process is gone. */
export function readProcFolder(path: string): Promise<string[] | undefined> {
  return unlessGone(readdir(path))
}

/** The value, or undefined where the kernel refuses it to this user. */
export async function unlessDenied<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if (hasCode(error, 'EACCES', 'EPERM')) return undefined
    throw error
  }
}

async function unlessGone<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    // ESRCH: the process ended between open and read.
    if (hasCode(error, 'ENOENT', 'ESRCH', 'ENOTDIR')) return undefined
    throw error
  }
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && codes.includes((error as NodeJS.ErrnoException).code ?? '')
}
