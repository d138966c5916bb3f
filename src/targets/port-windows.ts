/**
 * SIGUSR1 opens the inspector on the port that the target was started with, 9229 for nearly every
 * Node of a machine. So only one of them at a time may hold it, for as long as it takes to move on.
 */
export class PortWindows {
  readonly #lasts = new Map<string, Promise<unknown>>()

  /**
   * Runs `work` when whoever wants the same port of the same network is done; `hold` keeps the next
   * one waiting for longer than `work` takes. Port 0 never collides.
   */
  async run<T>(
    network: string,
    port: number,
    work: (hold: (until: Promise<unknown>) => void) => Promise<T>,
  ): Promise<T> {
    if (port === 0) return work(() => {})
    const key = `${network} ${port}`
    const before = this.#lasts.get(key) ?? Promise.resolve()
    let held: Promise<unknown> = Promise.resolve()
    const hold = (until: Promise<unknown>) => {
      held = until
    }
    const mine = before.then(() => work(hold))
    // Whoever comes next waits for the end, not for success.
    const settled = mine
      .catch(() => {})
      .then(() => held)
      .catch(() => {})
    this.#lasts.set(key, settled)
    void settled.then(() => {
      if (this.#lasts.get(key) === settled) this.#lasts.delete(key)
    })
    return mine
  }
}
