/** One target whose event loop is looked at. A look takes some 10 us of pprofd and nothing of the target. */
import type { LoopLook, LoopSource } from '../proc/loop-look.ts'
import { LoopReader } from '../proc/loop-reader.ts'
import { mainThreadLetter } from '../proc/thread-letter.ts'
import { ThreadReader } from '../proc/thread-reader.ts'
import type { Target } from '../targets/target.ts'
import { type Turn, TurnTracker } from './turn-tracker.ts'

/** How the stall was seen: by libuv's counters in the target's memory, or by the kernel's of its thread. */
export type DetectedBy = LoopSource['way']

export interface LoopState {
  /** CLOCK_MONOTONIC, ms. */
  readonly atMs: number
  /** Undefined: it waits for events. */
  readonly turn: Turn | undefined
  /** When the turn before this one ended, at the latest; equal to `atMs` where nothing better is known. */
  readonly turnedAtMs: number
}

export class WatchedLoop {
  readonly target: Target
  readonly #source: LoopSource
  readonly #procRoot: string
  readonly #tracker = new TurnTracker()
  #number = 0

  private constructor(target: Target, source: LoopSource, procRoot: string) {
    this.target = target
    this.#source = source
    this.#procRoot = procRoot
  }

  /** Undefined where neither its memory nor the kernel tells anything. */
  static async open(target: Target, procRoot = '/proc'): Promise<WatchedLoop | undefined> {
    const { pid } = target
    const source = (await LoopReader.open(pid, procRoot)) ?? ThreadReader.open(pid, procRoot)
    return source && new WatchedLoop(target, source, procRoot)
  }

  get detectedBy(): DetectedBy {
    return this.#source.way
  }

  /**
   * Undefined when the process is gone. `isHeldUpByUs`: a command of pprofd's own is not answered yet;
   * what a turn takes for it, or stopped by SIGSTOP, does not count.
   */
  look(isHeldUpByUs: boolean): LoopState | undefined {
    const look = this.#source.look()
    if (look === undefined) return undefined
    const turn = this.#tracker.see(look)
    if (turn === undefined) return stateOf(look, undefined)
    const isNew = turn.number !== this.#number
    this.#number = turn.number
    // A turn that is seen for the first time is hardly a stall: the kernel is not asked then.
    const isExcused = isHeldUpByUs || (!isNew && this.#isStopped())
    if (!isExcused) return stateOf(look, turn)
    this.#tracker.excuse(look.atMs)
    return stateOf(look, { ...turn, sinceMs: look.atMs })
  }

  close(): void {
    this.#source.close()
  }

  #isStopped(): boolean {
    return /[Tt]/.test(mainThreadLetter(this.target.pid, this.#procRoot) ?? '')
  }
}

function stateOf({ atMs, turnedAtMs }: LoopLook, turn: Turn | undefined): LoopState {
  return { atMs, turn, turnedAtMs: Math.min(turnedAtMs, atMs) }
}
