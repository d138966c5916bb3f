/**
 * Which runtime an executable is, judged by its bytes: a process may call itself anything.
 *
 * Every build of Node, and whatever links libnode, has `node::Start(int, char**)` among its dynamic
 * symbols (seen in the official 18, 20, 22, 24 and 26); Bun and Deno do not.
 */
import type { Stats } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { hasDynamicString } from './elf.ts'
import { linkAtOnce, readProcLink } from './proc-file.ts'
import { shareLook } from './shared-look.ts'

export type Runtime =
  | 'node'
  /** Node's code under another name: a single-executable application, Electron. */
  | 'node-embedder'
  | 'other'
  /** The kernel does not let us look. */
  | 'unreadable'

export interface Executable {
  /** Without the ` (deleted)` that the kernel appends after an upgrade; '' where unreadable. */
  readonly path: string
  readonly runtime: Runtime
}

const nodeStart = Buffer.from('_ZN4node5StartEiPPc\0')

/** `node`, `nodejs`, `node20`, `node-22.1`, `node.real`. */
const nodeFileName = /^node(js)?([-.]?(\d[\d.]*|real|bin))?$/

/** Looking costs a read of a few MB, so the answer is kept per file, and who comes meanwhile waits for it. */
const knownFiles = new Map<string, Promise<boolean | undefined>>()
const maxKnownFiles = 1000

/** Undefined when the process is gone or has no executable (kernel threads, zombies). */
export async function readExecutable(
  pid: number,
  procRoot = '/proc',
): Promise<Executable | undefined> {
  const link = `${procRoot}/${pid}/exe`
  const target = await readProcLink(link).catch(() => null)
  if (target === undefined) return undefined
  if (target === null) return { path: '', runtime: 'unreadable' }
  const path = withoutMark(target)
  // Denied, gone meanwhile, a failing disk: one process must not spoil a look at all of them.
  const isNode = await containsNode(link).catch(() => undefined)
  if (isNode === undefined) return { path, runtime: 'unreadable' }
  if (!isNode) return { path, runtime: 'other' }
  return { path, runtime: nodeFileName.test(basename(path)) ? 'node' : 'node-embedder' }
}

/** '' where it is unreadable, or there is none. */
export function executablePath(pid: number, procRoot = '/proc'): string {
  return withoutMark(linkAtOnce(`${procRoot}/${pid}/exe`) ?? '')
}

/** The kernel marks what an upgrade has removed. */
function withoutMark(path: string): string {
  return path.replace(/ \(deleted\)$/, '')
}

async function containsNode(link: string): Promise<boolean | undefined> {
  // Through /proc, so that a deleted or containerised file is the one that runs.
  const key = fileKey(await stat(link))
  if (knownFiles.size >= maxKnownFiles && !knownFiles.has(key)) knownFiles.clear()
  return shareLook(knownFiles, key, () => lookInto(link, key).catch(() => undefined))
}

async function lookInto(link: string, key: string): Promise<boolean> {
  const file = await open(link, 'r')
  try {
    if (fileKey(await file.stat()) !== key)
      throw new Error('the process runs something else by now')
    return await hasDynamicString(file, nodeStart)
  } finally {
    await file.close()
  }
}

/** Names the content of a file. */
export function fileKey({ dev, ino, size, mtimeMs }: Stats): string {
  return `${dev}:${ino}:${size}:${mtimeMs}`
}
