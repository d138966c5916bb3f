/** What pre-flight says of the targets that are in view: a few at a time, and again only after a while. */
import { ask, type Preflight, Refusal } from './api.ts'
import type { Card } from './card.ts'

/** It reads much of /proc, and changes seldom. */
const againMs = 30_000
const mostAtOnce = 3

export class Preflights {
  readonly #inView = new Set<Card>()
  readonly #cards = new WeakMap<Element, Card>()
  readonly #checkedMs = new WeakMap<Card, number>()
  readonly #observer: IntersectionObserver
  #running = 0

  constructor() {
    this.#observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        const card = this.#cards.get(target)
        if (card && isIntersecting) this.#inView.add(card)
        else if (card) this.#inView.delete(card)
      }
      this.check()
    })
  }

  watch(card: Card): void {
    this.#cards.set(card.root, card)
    this.#observer.observe(card.root)
  }

  forget(card: Card): void {
    this.#observer.unobserve(card.root)
    this.#inView.delete(card)
  }

  /** Those whose time has come. */
  check(): void {
    for (const card of this.#inView) {
      if (this.#running >= mostAtOnce || document.hidden) return
      const checkedMs = this.#checkedMs.get(card) ?? Number.NEGATIVE_INFINITY
      if (card.target !== undefined && performance.now() - checkedMs > againMs) {
        void this.#ask(card, card.target.path)
      }
    }
  }

  async #ask(card: Card, path: string): Promise<void> {
    this.#checkedMs.set(card, performance.now())
    this.#running++
    try {
      card.judge(await ask<Preflight>(`${path}/preflight`))
    } catch (error) {
      // It may have ended meanwhile, which the list of targets tells.
      if (error instanceof Refusal) return
      this.#checkedMs.delete(card)
    } finally {
      this.#running--
      this.check()
    }
  }
}
