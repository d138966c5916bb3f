/** The open files of a process, in number, and how many it may have. */
import { readProcFile, readProcFolder, unlessDenied } from './proc-file.ts'

export interface OpenFiles {
  /** Undefined where the kernel does not tell: only the owner and the capable may look. */
  readonly count: number | undefined
  /** RLIMIT_NOFILE's soft limit; undefined: unlimited, or not told. */
  readonly limit: number | undefined
}

export async function readOpenFiles(pid: number, procRoot = '/proc'): Promise<OpenFiles> {
  const [names, limits] = await Promise.all([
    unlessDenied(readProcFolder(`${procRoot}/${pid}/fd`)),
    unlessDenied(readProcFile(`${procRoot}/${pid}/limits`)),
  ])
  const [, soft] = /^Max open files\s+(\d+)/m.exec(limits ?? '') ?? []
  return { count: names?.length, limit: soft === undefined ? undefined : Number(soft) }
}
