/**
 * SIGUSR1 opens the inspector on the port that the target was started with, 9229 for nearly every
 * Node of a machine. So only one of them at a time may hold it, for as long as it takes to move on.
 */
/** Until when the next one is to wait. */
export type Hold = (until: Promise<unknown>) => void

export class PortWindows {
  readonly #lasts = new Map<string, Turn>()

  /**
   * Runs `work` when whoever wants the same port of the same network is done; `hold` keeps the next
   * one waiting for longer than `work` takes. `prepare` runs while the one before has its turn; what it
   * resolves to is given to `work`, or undefined where it failed. Port 0 never collides.
   */
  async run<T, P = undefined>(
    network: string,
    port: number,
    work: (hold: Hold, prepared: P | undefined) => Promise<T>,
    prepare?: () => Promise<P | undefined>,
  ): Promise<T> {
    const tryPrepare = async () => prepare?.().catch(() => undefined)
    if (port === 0) return work(() => {}, await tryPrepare())
    const key = `${network} ${port}`
    const before = this.#lasts.get(key)
    let held: Promise<unknown> = Promise.resolve()
    const hold: Hold = (until) => {
      held = until
    }
    const preparing = Promise.resolve(before?.beginning).then(tryPrepare)
    const beginning = Promise.resolve(before?.end)
    const mine = beginning.then(async () => work(hold, await preparing))
    // Whoever comes next waits for the end, not for success.
    const end = mine
      .catch(() => {})
      .then(() => held)
      .catch(() => {})
    const turn = { beginning, end }
    this.#lasts.set(key, turn)
    void end.then(() => {
      if (this.#lasts.get(key) === turn) this.#lasts.delete(key)
    })
    return mine
  }
}

interface Turn {
  readonly beginning: Promise<unknown>
  /** Never rejects. */
  readonly end: Promise<unknown>
}
