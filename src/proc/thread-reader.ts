/**
 * The event loop of a Node process where its memory may not be read (another uid, Yama, a loop that was
 * not found): guessed from what the kernel counts of the main thread (proc_pid_io(5), wchan,
 * schedstat). A thread that neither read nor wrote anything, and either kept a processor all the time
 * or slept all the time somewhere else than in epoll, has not turned. It errs on the side of silence:
 * a turn with I/O in it (console.log, readFileSync) is taken for many turns, and execSync for idleness.
 */
import { readFileSync } from 'node:fs'
import type { LoopLook, LoopSource } from './loop-look.ts'
import { monotonicUs } from './monotonic-time.ts'

interface Counts {
  readonly atMs: number
  /** System calls that read or wrote. */
  readonly calls: number
  readonly switches: number
  /** On a processor, or waiting for one. */
  readonly wantedMs: number
  readonly sleepsElsewhere: boolean
  readonly isIdle: boolean
}

/** The rest is for the looks' own jitter. */
const allTheTime = 0.9

export class ThreadReader implements LoopSource {
  readonly way = 'thread'
  readonly #folder: string
  #last: Counts
  #turn = 0
  #turnedAtMs: number

  private constructor(folder: string, first: Counts) {
    this.#folder = folder
    this.#last = first
    this.#turnedAtMs = first.atMs
  }

  /** Undefined where the kernel does not tell enough to this user. */
  static open(pid: number, procRoot = '/proc'): ThreadReader | undefined {
    const folder = `${procRoot}/${pid}/task/${pid}`
    const first = readCounts(folder)
    return first && new ThreadReader(folder, first)
  }

  look(): LoopLook | undefined {
    const counts = readCounts(this.#folder)
    if (counts === undefined) return undefined
    if (!isSameTurn(this.#last, counts)) {
      this.#turn++
      this.#turnedAtMs = counts.atMs
    }
    this.#last = counts
    return {
      atMs: counts.atMs,
      isIdle: counts.isIdle,
      isStarting: false,
      turn: this.#turn,
      idleMs: 0,
      turnedAtMs: this.#turnedAtMs,
    }
  }

  close(): void {
    // Nothing is kept open.
  }
}

function isSameTurn(before: Counts, now: Counts): boolean {
  if (before.calls !== now.calls || now.isIdle) return false
  // It has not slept since, or sleeps on.
  if (before.switches === now.switches) return before.sleepsElsewhere === now.sleepsElsewhere
  // Garbage collection makes it sleep for moments.
  const wantedMs = now.wantedMs - before.wantedMs
  return !now.sleepsElsewhere && wantedMs >= allTheTime * (now.atMs - before.atMs)
}

function readCounts(folder: string): Counts | undefined {
  const [io, status, schedstat, channel] = ['io', 'status', 'schedstat', 'wchan'].map((name) => {
    try {
      return readFileSync(`${folder}/${name}`, 'latin1')
    } catch {
      return undefined
    }
  })
  const calls = numberAfter('syscr', io) + numberAfter('syscw', io)
  const switches = numberAfter('voluntary_ctxt_switches', status)
  const [, used = Number.NaN, queued = Number.NaN] =
    /^(\d+) (\d+)/.exec(schedstat ?? '')?.map(Number) ?? []
  const wantedMs = (used + queued) / 1e6
  if (!Number.isFinite(calls + switches + wantedMs)) return undefined
  const sleeps = !/^State:\s+R/m.test(status ?? '')
  // Where the kernel does not say in what it sleeps, it may be idle.
  const isKnown = /^[a-z_]/i.test(channel ?? '')
  const isIdle = sleeps && (!isKnown || /epoll|ep_poll/.test(channel ?? ''))
  return {
    atMs: monotonicUs() / 1000,
    calls,
    switches,
    wantedMs,
    sleepsElsewhere: sleeps && !isIdle,
    isIdle,
  }
}

function numberAfter(name: string, text = ''): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)$`, 'm').exec(text)?.[1] ?? Number.NaN)
}
