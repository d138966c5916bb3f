/** Where the memory of a process is read from: the file that the kernel has for it, or somebody in it. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

export interface MemorySource {
  /**
   * Fills the buffer and returns how much of it. Throws where nothing is mapped, and an
   * OperationalError where nothing can be read any more.
   */
  read(buffer: Buffer, address: number): number
  /** The text of /proc/PID/task/TID/syscall, which takes the same right; '' where it is not to be had. */
  syscallOf(threadId: number): string
  close(): void
}

/** Throws what open(2) says: EACCES without the right to trace the process. */
export function memoryFile(pid: number, procRoot = '/proc'): MemorySource {
  const fd = openSync(`${procRoot}/${pid}/mem`, 'r')
  return {
    read: (buffer, address) => readSync(fd, buffer, 0, buffer.length, address),
    syscallOf(threadId) {
      try {
        return readFileSync(`${procRoot}/${pid}/task/${threadId}/syscall`, 'utf8')
      } catch {
        return ''
      }
    },
    close: () => closeSync(fd),
  }
}
