/** One target on the page: its figures, its verdict, its buttons, and what was recorded of it. */
import type { Figures, Kind, Preflight, Target } from './api.ts'
import { button, element, find, setText } from './dom.ts'
import { age, fromTo, megabytes } from './units.ts'

export interface CardActions {
  record(card: Card, kind: Kind): void
  /** A recording that is streamed into a file. */
  download(card: Card, kind: 'fgtrace' | 'heapsnapshot'): void
}

/** The others are behind "More". */
const shownKinds = 6

export class Card {
  readonly root: HTMLElement
  target: Target | undefined
  preflight: Preflight | undefined
  #last: Figures | undefined
  /** What the buttons were made for. */
  #made = ''

  constructor(root: HTMLElement) {
    this.root = root
    for (const hidden of root.querySelectorAll<HTMLElement>('[data-needs-script]')) {
      hidden.hidden = false
    }
  }

  /** As the server has it. */
  update(target: Target): void {
    this.target = target
    this.root.classList.remove('gone')
    setText(this.#part('.name'), target.name)
    setText(this.#part('.pid'), target.pid === null ? '' : `pid ${target.pid}`)
    const command = this.#part('.command code')
    setText(command, target.command)
    command.title = target.command
    this.#setLinks(target)
    this.#setFigures(target)
  }

  /** Its process has ended; what was recorded of it stays. */
  end(): void {
    this.root.classList.add('gone')
    const verdict = this.#part('.verdict')
    verdict.className = 'verdict bad'
    setText(verdict, 'It has ended.')
  }

  judge(preflight: Preflight): void {
    this.preflight = preflight
    const verdict = this.#part('.verdict')
    verdict.className = `verdict ${preflight.attachable ? 'good' : 'bad'}`
    setText(verdict, verdictOf(preflight))
    verdict.title = preflight.warnings.join('\n')
  }

  /** One for each kind that may be recorded; `secondsOf`: what is asked for now. */
  offer(kinds: readonly Kind[], secondsOf: (kind: Kind) => number, actions: CardActions): void {
    const { target } = this
    if (target === undefined || this.root.classList.contains('gone')) return
    const labels = kinds.map((kind) => `${kind.kind} ${secondsOf(kind)}`)
    const wanted = [...labels, JSON.stringify(target.denied), target.name].join('\n')
    if (wanted === this.#made) return
    this.#made = wanted
    const box = this.#part('.actions')
    const isOpen = box.querySelector('details')?.open ?? false
    const focused = document.activeElement?.getAttribute('data-kind')
    const hadFocus = box.contains(document.activeElement)
    const buttons = kinds.map((kind) => this.#button(kind, secondsOf(kind), target, actions))
    const more = element('div', { class: 'more' }, ...buttons.slice(shownKinds))
    more.append(
      this.#download('fgtrace', 'fgtrace file', target, actions),
      this.#download('heapsnapshot', 'Heap snapshot file', target, actions),
    )
    const details = element('details', {}, element('summary', {}, 'More'), more)
    details.open = isOpen
    box.replaceChildren(...buttons.slice(0, shownKinds), details)
    box.setAttribute('role', 'group')
    box.setAttribute('aria-label', `Record of ${target.name}`)
    if (hadFocus && focused) box.querySelector<HTMLElement>(`[data-kind="${focused}"]`)?.focus()
  }

  get results(): HTMLElement {
    return this.#part('.results')
  }

  matches(text: string): boolean {
    const { name, pid, command } = this.target ?? {}
    return `${name} ${pid} ${command}`.toLowerCase().includes(text)
  }

  #button(kind: Kind, seconds: number, { name, denied }: Target, actions: CardActions) {
    const reason = denied[kind.kind]
    const forHow = seconds === 0 ? '' : ` for ${seconds} s`
    const made = button(
      {
        'data-kind': kind.kind,
        title: reason ?? kind.tells,
        'aria-label': `${kind.label}: record ${kind.tells}, of ${name}${forHow}`,
      },
      () => actions.record(this, kind),
      kind.label,
    )
    if (seconds > 0) made.append(' ', element('small', {}, `${seconds} s`))
    made.disabled = reason !== undefined
    return made
  }

  #download(
    kind: 'fgtrace' | 'heapsnapshot',
    label: string,
    { denied }: Target,
    actions: CardActions,
  ): HTMLButtonElement {
    const reason = denied[kind]
    const title = reason ?? 'streamed into a file while it is recorded'
    const made = button(
      { 'data-kind': kind, title },
      () => actions.download(this, kind),
      `${label} ↓`,
    )
    made.disabled = reason !== undefined
    return made
  }

  #setLinks({ path, fileName }: Target): void {
    const set = (name: string, href: string) => {
      const link = find(this.root, `.${name}`, HTMLAnchorElement)
      if (link.getAttribute('href') !== href) link.setAttribute('href', href)
    }
    set('goroutines', `${path}/debug/panicparse`)
    set('index', `${path}/debug/pprof/`)
    set('preflight', `${path}/preflight`)
    const seconds = document.body.dataset.seconds ?? '30'
    const url = `${location.origin}${path}/debug/pprof/profile?seconds=${seconds}`
    setText(
      this.#part('.lines'),
      `go tool pprof -http=: '${url}'\ncurl -fsS -o ${fileName}.cpuprofile '${url}&format=cpuprofile'`,
    )
  }

  #setFigures({ nodeVersion, figures }: Target): void {
    const set = (name: string, text: string) => {
      setText(this.#part(`[data-figure="${name}"]`), text || '–')
    }
    set('node', nodeVersion ?? '')
    set('uptime', figures ? age(figures.uptimeSeconds) : '')
    set('memory', figures ? megabytes(figures.residentBytes) : '')
    set('threads', figures ? String(figures.threads) : '')
    if (figures && this.#last) set('cpu', shareOf(this.#last, figures))
    this.#last = figures ?? undefined
  }

  #part(selector: string): HTMLElement {
    return find(this.root, selector, HTMLElement)
  }
}

/** Of one processor: 4 busy threads have 400 %. */
function shareOf(before: Figures, now: Figures): string {
  const elapsedMs = now.atMs - before.atMs
  if (elapsedMs <= 0) return ''
  return `${Math.round(((now.cpuMs - before.cpuMs) / elapsedMs) * 100)} %`
}

function verdictOf({ attachable, refusal, estimatedPause, via }: Preflight): string {
  if (!attachable) return `Cannot be recorded: ${refusal ?? 'no reason is known'}`
  const ways: Readonly<Record<string, string>> = {
    'open-inspector': 'through its open inspector',
    signal: 'by SIGUSR1',
    'in-process': 'from within',
  }
  const way = `Ready, ${ways[via ?? ''] ?? 'reachable'}`
  if (estimatedPause === null) return `${way}.`
  const { fromMs, toMs } = estimatedPause
  return `${way}. The start of a CPU profile stops it for about ${fromTo(fromMs, toMs)}.`
}
