/**
 * Opens files of a target as if its root folder were ours: every step of a path is taken on its own,
 * relative to an open folder, so that neither `..` nor a link, also one that is swapped meanwhile, leads
 * out. Node has no openat2(2) with RESOLVE_IN_ROOT; /proc/self/fd/N/name is openat(2). Linux only.
 */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  type Stats,
} from 'node:fs'
import { MapProblem } from './map-problem.ts'

/** open(2); Node does not export it. The same on x64 and arm64. */
const pathOnly = 0o10000000
const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY, O_RDONLY } = constants

/** As the kernel's, see path_resolution(7). */
const maxLinks = 40
/** PATH_MAX of Linux. */
const maxPathLength = 4096

export interface OpenFile {
  readonly fd: number
  readonly sizeBytes: number
  /** Changes with the file's content: device, inode, size and time of change. */
  readonly identity: string
}

export class RootedFiles {
  /** Tells the roots of containers apart. */
  readonly rootIdentity: string
  readonly #root: number
  readonly #reader: Reader

  /** Throws what open(2) says of the root. `statusFile`: /proc/PID/status of the process whose root it is. */
  constructor(root: string, statusFile: string) {
    this.#reader = readReader(statusFile)
    // The root itself is a link of /proc, which only the kernel can follow.
    this.#root = openSync(root, pathOnly | O_DIRECTORY)
    const { dev, ino } = fstatSync(this.#root)
    this.rootIdentity = `${dev}:${ino}`
  }

  close(): void {
    closeSync(this.#root)
  }

  /**
   * The regular file at that absolute path of the target; the caller closes `fd`. Undefined where there is none.
   * @throws {MapProblem} for what is there but must not be read.
   */
  open(path: string): OpenFile | undefined {
    const found = this.#find(path)
    if (found === undefined) return undefined
    try {
      const stats = fstatSync(found)
      // Nothing else is ever opened for reading: a pipe would wait, a device would act.
      if (!stats.isFile()) throw new MapProblem(`${path} is no regular file`)
      if (!mayRead(this.#reader, stats)) throw new MapProblem(`the target may not read ${path}`)
      const fd = openSync(`/proc/self/fd/${found}`, O_RDONLY | O_NONBLOCK | O_NOCTTY)
      const { dev, ino, size, mtimeMs, ctimeMs } = stats
      return { fd, sizeBytes: size, identity: `${dev}:${ino}:${size}:${mtimeMs}:${ctimeMs}` }
    } catch (error) {
      if (error instanceof MapProblem) throw error
      throw new MapProblem(`${path} cannot be read (${codeOf(error)})`)
    } finally {
      closeSync(found)
    }
  }

  /** A descriptor that only names the file (O_PATH). */
  #find(path: string): number | undefined {
    if (path.length > maxPathLength) throw new MapProblem('its path is too long')
    const pending = segments(path)
    const folders: number[] = []
    let links = 0
    try {
      for (;;) {
        const name = pending.pop()
        if (name === undefined) return undefined
        if (name === '..') {
          const left = folders.pop()
          if (left !== undefined) closeSync(left)
          continue
        }
        const step = `/proc/self/fd/${folders.at(-1) ?? this.#root}/${name}`
        const link = linkAt(step)
        if (link !== undefined) {
          if (++links > maxLinks) throw new MapProblem(`${path} has too many links`)
          if (link.startsWith('/')) closeAll(folders)
          pending.push(...segments(link))
          continue
        }
        if (pending.length === 0) return openSync(step, pathOnly | O_NOFOLLOW)
        folders.push(openSync(step, pathOnly | O_DIRECTORY | O_NOFOLLOW))
      }
    } catch (error) {
      if (error instanceof MapProblem) throw error
      if (['ENOENT', 'ENOTDIR'].includes(codeOf(error))) return undefined
      throw new MapProblem(`${path} cannot be opened (${codeOf(error)})`)
    } finally {
      closeAll(folders)
    }
  }
}

/** @throws {MapProblem} where it is larger. */
export function readWhole({ fd, sizeBytes }: OpenFile, maxBytes: number): Buffer {
  if (sizeBytes > maxBytes) {
    throw new MapProblem(
      `it has ${Math.ceil(sizeBytes / 1e6)} MB, and at most ${Math.floor(maxBytes / 1e6)} MB are read`,
    )
  }
  return readPart(fd, 0, sizeBytes)
}

/** Shorter where the file ends before. */
export function readPart(fd: number, start: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  let filled = 0
  while (filled < length) {
    const count = readSync(fd, bytes, filled, length - filled, start + filled)
    if (count === 0) break
    filled += count
  }
  return bytes.subarray(0, filled)
}

/** The last one first. */
function segments(path: string): string[] {
  return path
    .split('/')
    .filter((name) => name !== '' && name !== '.')
    .reverse()
}

function closeAll(folders: number[]): void {
  for (const fd of folders.splice(0)) closeSync(fd)
}

/** Undefined for what is no link. */
function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch (error) {
    if (codeOf(error) === 'EINVAL') return undefined
    throw error
  }
}

interface Reader {
  readonly uid: number
  readonly gids: readonly number[]
}

/** The effective ids of https://man7.org/linux/man-pages/man5/proc_pid_status.5.html */
function readReader(statusFile: string): Reader {
  const text = readFileSync(statusFile, 'utf8')
  const numbers = (key: string) =>
    (new RegExp(`^${key}:(.*)$`, 'm').exec(text)?.[1] ?? '').trim().split(/\s+/).map(Number)
  return { uid: numbers('Uid')[1] ?? -1, gids: [numbers('Gid')[1] ?? -1, ...numbers('Groups')] }
}

/** A pprofd that may read everything reads for a target only what that may read; folders are not judged. */
function mayRead({ uid, gids }: Reader, stats: Stats): boolean {
  if (uid === 0) return true
  if (stats.uid === uid) return (stats.mode & 0o400) !== 0
  return (stats.mode & (gids.includes(stats.gid) ? 0o040 : 0o004)) !== 0
}

function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException).code ?? error)
}
