/**
 * Sessions kept for a while after a capture, so that the next one need not attach again. The price is
 * an inspector that listens for as long: every user of the machine can reach it.
 */
import type { Session } from '../inspector/session.ts'
import type { Target } from './target.ts'

export interface WarmSession {
  readonly session: Session
  readonly nodeVersion: string
  readonly openedByUs: boolean
  /** Lets go for good. */
  readonly leave: () => Promise<void>
}

interface Kept extends WarmSession {
  readonly timer: NodeJS.Timeout
}

export class WarmSessions {
  /** How long a session is kept; read at each `keep`, so that a reload changes it. */
  lingerMs: number
  readonly #kept = new Map<string, Kept>()
  #isClosed = false

  constructor(lingerMs: number) {
    this.lingerMs = lingerMs
  }

  /** The kept session of the process; whoever takes it gives it back or leaves. */
  take(target: Target): WarmSession | undefined {
    const kept = this.#kept.get(target.instance)
    if (kept === undefined || kept.session.isClosed) return undefined
    this.#forget(target, kept)
    return kept
  }

  /** Keeps one session a process, or lets go at once. Resolves when what is to be done now is done. */
  async keep(target: Target, warm: WarmSession): Promise<void> {
    const isWanted = this.lingerMs > 0 && !this.#isClosed && !this.#kept.has(target.instance)
    if (!isWanted || warm.session.isClosed) return warm.leave()
    const timer = setTimeout(() => this.#letGo(target, kept), this.lingerMs)
    const kept: Kept = { ...warm, timer }
    this.#kept.set(target.instance, kept)
    void warm.session.closed.then(() => this.#letGo(target, kept))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const all = [...this.#kept.values()]
    this.#kept.clear()
    for (const { timer } of all) clearTimeout(timer)
    await Promise.all(all.map(({ leave }) => leave()))
  }

  #letGo(target: Target, kept: Kept): void {
    if (this.#kept.get(target.instance) !== kept) return
    this.#forget(target, kept)
    void kept.leave()
  }

  #forget(target: Target, { timer }: Kept): void {
    clearTimeout(timer)
    this.#kept.delete(target.instance)
  }
}
