/**
 * The event loop of a Node process, read from outside: two reads of /proc/PID/mem (proc_pid_mem(5))
 * of 152 bytes in all. The process does not notice: it is neither stopped nor signalled nor attached to.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import type { LoopLook, LoopSource } from './loop-look.ts'
import {
  findLoop,
  type LoopPlace,
  metricsBytes,
  parseMetrics,
  type ReadMemory,
} from './loop-place.ts'
import { monotonicUs } from './monotonic-time.ts'

export class LoopReader implements LoopSource {
  readonly way = 'loop'
  readonly #fd: number
  readonly #place: LoopPlace
  readonly #metrics = Buffer.alloc(metricsBytes)
  readonly #time = Buffer.alloc(8)

  private constructor(fd: number, place: LoopPlace) {
    this.#fd = fd
    this.#place = place
  }

  /** Undefined where the kernel does not let us, or the loop is not where it should be. */
  static async open(pid: number, procRoot = '/proc'): Promise<LoopReader | undefined> {
    let fd: number
    try {
      fd = openSync(`${procRoot}/${pid}/mem`, 'r')
    } catch {
      return undefined
    }
    const place = await findLoop(pid, reading(fd), nowMs, procRoot).catch(() => undefined)
    if (place !== undefined) return new LoopReader(fd, place)
    closeSync(fd)
    return undefined
  }

  /** Whether libuv counts the turns; else they are told apart by its clock. */
  get countsTurns(): boolean {
    return this.#place.countsTurns
  }

  look(): LoopLook | undefined {
    const read = reading(this.#fd)
    if (!read(this.#metrics, this.#place.metrics) || !read(this.#time, this.#place.time)) {
      return undefined
    }
    const atMs = nowMs()
    const metrics = parseMetrics(this.#metrics, this.#place, atMs)
    const turnedAtMs = Number(this.#time.readBigUInt64LE())
    if (metrics === undefined || turnedAtMs > atMs) return undefined
    const { turns, waitsSinceMs, idleMs } = metrics
    return {
      atMs,
      isIdle: waitsSinceMs > 0,
      isStarting: turns === undefined ? idleMs === 0 : turns === 0,
      turn: turns ?? turnedAtMs,
      idleMs,
      turnedAtMs,
    }
  }

  close(): void {
    closeSync(this.#fd)
  }
}

function reading(fd: number): ReadMemory {
  return (buffer, address) => {
    try {
      return readSync(fd, buffer, 0, buffer.length, address) === buffer.length
    } catch {
      return false
    }
  }
}

function nowMs(): number {
  return monotonicUs() / 1000
}
