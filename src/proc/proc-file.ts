/** Reading files of /proc, where a process may be gone between any two steps. */
import { closeSync, open, opendirSync, read, readFileSync, readlinkSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { promisify } from 'node:util'
import { isMainThread } from 'node:worker_threads'

/**
 * The kernel writes these out of what it knows, without a lock that the process could hold for long, as
 * it may that of its memory map (cmdline, environ, maps). Reading one takes 0.02 ms; by way of the pool
 * of threads it takes 0.3 ms of CPU time.
 */
const isPrompt = /\/\d+\/(task\/\d+\/)?(stat|status|schedstat|children|comm)$/

/** The text of a file; undefined when the process or the file is gone. Other failures are thrown. */
export function readProcFile(path: string): Promise<string | undefined> {
  const pooled = isMainThread && !isPrompt.test(path)
  return unlessGone(pooled ? readInPool(path) : readAtOnce(path))
}

const openInPool = promisify(open)
const readPart = promisify(read)

/** Most command lines and environments are shorter. */
const partBytes = 8192

/** Three ways to the pool and back, where `readFile` takes five: these have no size, and close at once. */
async function readInPool(path: string): Promise<string> {
  const file = await openInPool(path, 'r')
  try {
    const parts: Buffer[] = []
    for (let bytesRead = 1; bytesRead > 0; ) {
      const part = Buffer.allocUnsafe(partBytes)
      bytesRead = (await readPart(file, part, 0, partBytes, null)).bytesRead
      parts.push(part.subarray(0, bytesRead))
    }
    return Buffer.concat(parts).toString('utf8')
  } finally {
    closeSync(file)
  }
}

/** Node never closes a file that a thread was opening when it was ended; this way it is none. */
async function readAtOnce(path: string): Promise<string> {
  return readFileSync(path, 'utf8')
}

/** What a link of /proc points to; undefined when the process or the link is gone. It waits for nobody. */
export function readProcLink(path: string): Promise<string | undefined> {
  return unlessGone(readLinkAtOnce(path))
}

async function readLinkAtOnce(path: string): Promise<string> {
  return readlinkSync(path)
}

/** What a link of /proc points to; undefined where there is none to be read. */
export function linkAtOnce(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

/** The names in a folder; undefined when the process is gone. */
export function readProcFolder(path: string): Promise<string[] | undefined> {
  return unlessGone(readdir(path))
}

/** Whether the kernel shows this user what is in a folder. Reads none of it. */
export function mayReadFolder(path: string): boolean {
  try {
    opendirSync(path).closeSync()
    return true
  } catch {
    return false
  }
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
    if (isGone(error)) return undefined
    throw error
  }
}

/** ESRCH: the process ended between open and read. */
export function isGone(error: unknown): boolean {
  return hasCode(error, 'ENOENT', 'ESRCH', 'ENOTDIR')
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && codes.includes((error as NodeJS.ErrnoException).code ?? '')
}
