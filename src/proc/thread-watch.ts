/**
 * Watches threads from outside while something else is recorded: whether they sleep in the kernel, in
 * what, and how much CPU time they have had (/proc/PID/task/TID/{stat,schedstat,syscall,wchan},
 * proc_pid_task(5); Documentation/scheduler/sched-stats.rst for schedstat). It costs the threads
 * nothing. The clock is CLOCK_MONOTONIC, which is also that of V8's profiles.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { monotonicUs } from './monotonic-time.ts'
import { parseSyscall } from './thread-state.ts'

/** One moment of one thread. */
export interface ThreadLook {
  /** CLOCK_MONOTONIC, in microseconds. */
  readonly atUs: number
  /** CPU time since the thread began, in microseconds. Behind by up to a tick of the kernel (1 to 10 ms) while it runs. */
  readonly cpuUs: number
  /** Time that it was ready to run and no CPU was free, in microseconds; behind in the same way. */
  readonly queuedUs: number
  /** It sleeps in the kernel: state S or D. */
  readonly isAsleep: boolean
  /** The system call that it sleeps in, or the kernel's function; undefined where the kernel does not tell. */
  readonly wait: string | undefined
}

export interface ThreadWatchOptions {
  readonly intervalMs: number
  readonly procRoot?: string | undefined
}

/** Each has four open files. */
const maxThreads = 64

/** A round may take a tenth of the time; with many threads there are fewer rounds. */
const maxShare = 0.1

export class ThreadWatch {
  readonly #taskFolder: string
  readonly #intervalMs: number
  readonly #threads = new Map<number, WatchedThread>()
  #timer: NodeJS.Timeout | undefined
  #isStopped = false
  #costUs = 0

  constructor(pid: number, { intervalMs, procRoot = '/proc' }: ThreadWatchOptions) {
    this.#taskFolder = `${procRoot}/${pid}/task`
    this.#intervalMs = intervalMs
  }

  /** CPU time, or nearly so, that watching has taken of this process, in ms. */
  get costMs(): number {
    return this.#costUs / 1000
  }

  /** Watches that thread, too, from now on. False where that is not possible. */
  add(tid: number): boolean {
    if (this.#isStopped || this.#threads.size >= maxThreads) return false
    if (this.#threads.has(tid)) return true
    const thread = WatchedThread.open(`${this.#taskFolder}/${tid}`)
    if (thread === undefined) return false
    this.#threads.set(tid, thread)
    if (this.#threads.size === 1) this.#round()
    return true
  }

  /** In order of time; empty for a thread that was not watched. */
  looksOf(tid: number): readonly ThreadLook[] {
    return this.#threads.get(tid)?.looks ?? []
  }

  /** Ends it and closes what it holds open. Looks are kept. */
  stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    clearTimeout(this.#timer)
    for (const thread of this.#threads.values()) {
      thread.look()
      thread.close()
    }
  }

  #round(): void {
    const beganUs = monotonicUs()
    for (const thread of this.#threads.values()) thread.look()
    const tookUs = monotonicUs() - beganUs
    this.#costUs += tookUs
    const pauseMs = Math.max(this.#intervalMs, tookUs / maxShare / 1000)
    this.#timer = setTimeout(() => this.#round(), pauseMs)
  }
}

/** Its files stay open: a thread id that is given out again later is another thread, and these say so. */
class WatchedThread {
  readonly looks: ThreadLook[] = []
  readonly #stat: number
  readonly #schedstat: number
  /** -1 where the kernel or its settings refuse it. */
  readonly #syscall: number
  readonly #waitChannel: number
  #isGone = false

  constructor(stat: number, schedstat: number, syscall: number, waitChannel: number) {
    this.#stat = stat
    this.#schedstat = schedstat
    this.#syscall = syscall
    this.#waitChannel = waitChannel
  }

  static open(folder: string): WatchedThread | undefined {
    const files = ['stat', 'schedstat', 'syscall', 'wchan'].map((name) =>
      tryOpen(`${folder}/${name}`),
    )
    const [stat = -1, schedstat = -1, syscall = -1, waitChannel = -1] = files
    if (stat >= 0 && schedstat >= 0) {
      return new WatchedThread(stat, schedstat, syscall, waitChannel)
    }
    files.forEach(close)
    return undefined
  }

  look(): void {
    if (this.#isGone) return
    try {
      const atUs = monotonicUs()
      // The state first: while a thread sleeps its CPU time is exact.
      const isAsleep = /^[SD]$/.test(stateOf(read(this.#stat)))
      const [cpu = '', queued = ''] = read(this.#schedstat).split(' ')
      const wait = isAsleep ? this.#wait() : undefined
      this.looks.push({
        atUs,
        cpuUs: Number(cpu) / 1000,
        queuedUs: Number(queued) / 1000,
        isAsleep,
        wait,
      })
    } catch {
      // ESRCH: the thread has ended.
      this.#isGone = true
    }
  }

  close(): void {
    this.#isGone = true
    for (const file of [this.#stat, this.#schedstat, this.#syscall, this.#waitChannel]) close(file)
  }

  #wait(): string | undefined {
    const { syscall } = parseSyscall(tryRead(this.#syscall))
    // `0` stands for: not sleeping, or not told.
    return syscall ?? /^[a-z_]\w*/i.exec(tryRead(this.#waitChannel))?.[0]
  }
}

/** The letter after the thread's name, which may itself hold parentheses and blanks. */
function stateOf(stat: string): string {
  return stat.charAt(stat.lastIndexOf(')') + 2)
}

/** The longest of these, stat, has 52 numbers. */
const buffer = Buffer.alloc(2048)

function read(file: number): string {
  return buffer.toString('latin1', 0, readSync(file, buffer, 0, buffer.length, 0))
}

/** These two need rights that the others do not, which may end while the process runs. */
function tryRead(file: number): string {
  if (file < 0) return ''
  try {
    return read(file)
  } catch {
    return ''
  }
}

function tryOpen(path: string): number {
  try {
    return openSync(path, 'r')
  } catch {
    return -1
  }
}

function close(file: number): void {
  if (file >= 0) closeSync(file)
}
