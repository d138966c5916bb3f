/** Where a distribution has split Node, V8 and its constants are in libnode.so.*, not in the executable. */
import { type FileHandle, open } from 'node:fs/promises'
import { readProcFile } from '../proc/proc-file.ts'

export interface Libnode {
  readonly path: string
  readonly inode: number
}

/** The library that a process has loaded; undefined for a Node in one piece. */
export async function libnodeOf(pid: number, procRoot = '/proc'): Promise<Libnode | undefined> {
  const text = (await readProcFile(`${procRoot}/${pid}/maps`)) ?? ''
  const match = /^\S+ \S+ \S+ \S+ (\d+) +(\/\S*\/libnode\.so[.\d]*)( \(deleted\))?$/m.exec(text)
  if (match === null) return undefined
  const [, inode, path = ''] = match
  return { path, inode: Number(inode) }
}

/** Undefined when the file at its path is another one by now, as after an upgrade. */
export async function openLibnode(
  { path, inode }: Libnode,
  pid: number,
  procRoot: string,
): Promise<FileHandle | undefined> {
  // The target's own root folder, which in a container is not ours.
  const file = await open(`${procRoot}/${pid}/root${path}`, 'r').catch(() => undefined)
  if (file === undefined || (await file.stat()).ino === inode) return file
  await file.close()
  return undefined
}
