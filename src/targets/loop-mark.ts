/**
 * Whether a process's event loop has turned since it was signalled. Node hears SIGUSR1 twice: V8
 * interrupts JavaScript, and the loop is woken. In a blocked loop the first opens the inspector, and the
 * second, when the loop goes on, opens it again if it has been closed by then (seen on Node 20 to 26).
 */
import type { LoopLook } from '../proc/loop-look.ts'
import { LoopReader } from '../proc/loop-reader.ts'

export class LoopMark {
  readonly #reader: LoopReader
  readonly #first: LoopLook
  #hasTurned = false

  private constructor(reader: LoopReader, first: LoopLook) {
    this.#reader = reader
    this.#first = first
  }

  /** To be set before the signal. Undefined where the loop is idle, and so turns at once, or not to be read. */
  static async set(pid: number, procRoot: string): Promise<LoopMark | undefined> {
    const reader = await LoopReader.open(pid, procRoot)
    const first = reader?.look()
    if (reader !== undefined && first?.isIdle === false) return new LoopMark(reader, first)
    reader?.close()
    return undefined
  }

  /** Also when the process is gone. */
  hasTurned(): boolean {
    if (this.#hasTurned) return true
    const now = this.#reader.look()
    this.#hasTurned = now === undefined || hasPolled(this.#first, now)
    if (this.#hasTurned) this.#reader.close()
    return this.#hasTurned
  }
}

/** All that was waiting for the loop has been heard: it waits for more, or has come round twice. */
function hasPolled(first: LoopLook, now: LoopLook): boolean {
  return now.isIdle || now.turn >= first.turn + 2 || now.idleMs !== first.idleMs
}
