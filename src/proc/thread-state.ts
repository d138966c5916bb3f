/**
 * What the kernel knows of the threads of a process: /proc/PID/task/TID/{stat,status,wchan,syscall}
 * (proc_pid_task(5)). It is all there is to know of a thread that is inside native code.
 */
import { childPids } from './child-pids.ts'
import { readProcFile, readProcFolder, readProcLink, unlessDenied } from './proc-file.ts'
import { readArguments } from './process-command.ts'
import { parseProcessStat } from './process-stat.ts'
import { isOnDescriptor, syscallName } from './syscall-names.ts'

export interface ThreadState {
  readonly tid: number
  /** The tid as the thread itself sees it, in its own pid namespace. */
  readonly innermostTid: number
  /** Kernel name, at most 15 bytes. */
  readonly comm: string
  /** One letter, as in /proc/PID/stat: R running, S sleeping, D disk. */
  readonly state: string
  /** Kernel function that the thread sleeps in; undefined where it runs or the kernel does not say. */
  readonly waitChannel: string | undefined
  /** The system call that it is in, such as `read`; undefined where it is in none or the kernel refuses. */
  readonly syscall: string | undefined
  /** The file descriptor that the system call is about. */
  readonly fileDescriptor: number | undefined
  /** What the descriptor is: a path, `pipe:[17]`, `socket:[18]`. */
  readonly file: string | undefined
}

export interface ChildProcess {
  readonly pid: number
  readonly arguments: readonly string[]
}

/** All threads in order of their ids, the main thread first; none when the process is gone. */
export async function readThreadStates(
  pid: number,
  procRoot = '/proc',
): Promise<readonly ThreadState[]> {
  const names = (await readProcFolder(`${procRoot}/${pid}/task`)) ?? []
  const tids = names.map(Number).sort((a, b) => a - b)
  const states = await Promise.all(tids.map((tid) => readThreadState(pid, tid, procRoot)))
  return states.filter((state) => state !== undefined)
}

/** The processes that the main thread started and that run now. */
export async function readChildren(
  pid: number,
  procRoot = '/proc',
): Promise<readonly ChildProcess[]> {
  const pids = await childPids(pid, procRoot)
  return Promise.all(
    pids.map(async (child) => ({
      pid: child,
      arguments: (await unlessDenied(readArguments(child, procRoot))) ?? [],
    })),
  )
}

async function readThreadState(
  pid: number,
  tid: number,
  procRoot: string,
): Promise<ThreadState | undefined> {
  const folder = `${procRoot}/${pid}/task/${tid}`
  const [stat, status, waitChannel, call] = await Promise.all(
    ['stat', 'status', 'wchan', 'syscall'].map((name) =>
      unlessDenied(readProcFile(`${folder}/${name}`)),
    ),
  )
  const parsed = parseProcessStat(stat ?? '')
  if (parsed === undefined) return undefined
  const { syscall, fileDescriptor } = parseSyscall(call ?? '')
  const file =
    fileDescriptor === undefined
      ? undefined
      : await unlessDenied(readProcLink(`${procRoot}/${pid}/fd/${fileDescriptor}`))
  return {
    tid,
    innermostTid: Number(/^NSpid:.*?(\d+)$/m.exec(status ?? '')?.[1] ?? tid),
    comm: parsed.comm,
    state: parsed.state,
    // `0` stands for: not sleeping, or not told.
    waitChannel: /^[a-z_]\w*/i.exec(waitChannel ?? '')?.[0],
    syscall,
    fileDescriptor,
    file,
  }
}

/** `NUMBER ARG0 ... SP PC` with the arguments in hexadecimal; `running`; or `-1 SP PC`. */
export function parseSyscall(
  text: string,
  architecture?: string,
): Pick<ThreadState, 'syscall' | 'fileDescriptor'> {
  const [, number, first] = /^(\d+) 0x([0-9a-f]+)/.exec(text) ?? []
  if (number === undefined) return { syscall: undefined, fileDescriptor: undefined }
  const syscall = syscallName(Number(number), architecture)
  const fileDescriptor = isOnDescriptor(syscall) ? Number.parseInt(first ?? '', 16) : undefined
  return { syscall, fileDescriptor }
}
