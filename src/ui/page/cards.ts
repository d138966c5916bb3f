/** The cards of all targets, kept to what the daemon lists: they come, change and end. */
import type { Kind, Result, Target, TargetsAnswer } from './api.ts'
import { Card, type CardActions } from './card.ts'
import { announce, element, find, setText } from './dom.ts'
import { Preflights } from './preflights.ts'
import { resultItem } from './result.ts'

export class Cards {
  readonly #list = find(document, '#targets', HTMLElement)
  readonly #cards = new Map<string, Card>()
  readonly #preflights = new Preflights()
  readonly #actions: CardActions
  #kinds: readonly Kind[] = []
  #filter = ''

  constructor(actions: CardActions) {
    this.#actions = actions
    for (const root of this.#list.querySelectorAll<HTMLElement>('.target')) {
      this.#add(root.dataset.key ?? '', root)
    }
  }

  update({ targets, kinds }: TargetsAnswer, secondsOf: (kind: Kind) => number): void {
    this.#kinds = kinds
    const listed = new Set(targets.map(({ key }) => key))
    for (const [key, card] of this.#cards) {
      if (!listed.has(key)) this.#end(key, card)
    }
    let previous: Element | null = null
    for (const target of targets) {
      const { root } = this.#show(target)
      const place: Element | null =
        previous === null ? this.#list.firstElementChild : previous.nextElementSibling
      // Those that ended stay where they were.
      if (place !== root && !this.#isInOrder(previous, root)) this.#list.insertBefore(root, place)
      previous = root
    }
    this.offer(secondsOf)
    this.applyFilter(this.#filter)
    const others = targets.filter(({ kind }) => kind !== 'self')
    setText(find(document, '#count', HTMLElement), String(others.length))
    find(document, '#no-targets', HTMLElement).hidden = others.length > 0
    this.#preflights.check()
  }

  /** As the duration that is asked for changes. */
  offer(secondsOf: (kind: Kind) => number): void {
    for (const card of this.#cards.values()) card.offer(this.#kinds, secondsOf, this.#actions)
  }

  applyFilter(text: string): void {
    this.#filter = text.trim().toLowerCase()
    let shown = 0
    for (const card of this.#cards.values()) {
      const isShown = card.matches(this.#filter)
      card.root.hidden = !isShown
      if (isShown) shown++
    }
    find(document, '#no-match', HTMLElement).hidden = shown > 0 || this.#cards.size === 0
  }

  /** Of an earlier visit; also of targets that have ended. */
  addResults(results: readonly Result[]): void {
    for (const result of [...results].reverse()) {
      if (this.#list.querySelector(`[data-result="${CSS.escape(result.id)}"]`)) continue
      const card = [...this.#cards.values()].find(({ target }) => {
        return target?.id === result.target.id && (target.pid ?? 0) === result.target.pid
      })
      const { results } = card ?? this.#addEnded(result)
      results.prepend(resultItem(result))
    }
  }

  #show(target: Target): Card {
    const card = this.#cards.get(target.key) ?? this.#add(target.key, this.#clone())
    card.update(target)
    return card
  }

  #add(key: string, root: HTMLElement): Card {
    const card = new Card(root)
    this.#cards.set(key, card)
    this.#preflights.watch(card)
    return card
  }

  #end(key: string, card: Card): void {
    if (card.root.classList.contains('gone')) return
    this.#preflights.forget(card)
    card.end()
    if (card.results.childElementCount > 0) {
      announce(`${card.target?.name ?? 'A target'} has ended`)
      return
    }
    this.#cards.delete(key)
    card.root.remove()
  }

  #addEnded({ target }: Result): Card {
    const card = this.#add(`ended ${target.id} ${target.pid}`, this.#clone())
    setText(find(card.root, '.name', HTMLElement), target.name)
    setText(find(card.root, '.pid', HTMLElement), `pid ${target.pid}`)
    find(card.root, '.foot', HTMLElement).remove()
    this.#list.append(card.root)
    this.#preflights.forget(card)
    card.end()
    return card
  }

  #clone(): HTMLElement {
    const template = find(document, '#target', HTMLTemplateElement)
    const root = template.content.firstElementChild?.cloneNode(true)
    return root instanceof HTMLElement ? root : element('li')
  }

  #isInOrder(previous: Element | null, root: Element): boolean {
    if (previous === null || root.parentElement !== this.#list) return false
    return Boolean(previous.compareDocumentPosition(root) & Node.DOCUMENT_POSITION_FOLLOWING)
  }
}
