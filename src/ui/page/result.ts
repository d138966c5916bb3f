/** A finished recording: its flame graph, and its files. */
import type { Result } from './api.ts'
import { element } from './dom.ts'
import { clock, milliseconds } from './units.ts'

export function resultItem(result: Result): HTMLLIElement {
  const { label, view, files, missing } = result
  const head = element('p', {}, element('b', {}, label), ' ')
  head.append(element('span', { class: 'quiet' }, facts(result)))
  const item = element('li', { class: 'result', 'data-result': result.id }, head)
  if (view !== null) {
    const open = { class: 'button', href: view, target: '_blank', rel: 'noopener' }
    item.append(element('a', open, 'Flame graph'))
  }
  const links = files.map(({ name, label, path }) =>
    element('a', { href: path, download: name }, label),
  )
  item.append(element('nav', { 'aria-label': `Files of ${label}` }, ...links))
  const [trace] = result.kind === 'trace' ? files : []
  if (trace) item.append(perfettoLink(trace.path, `${label} of ${result.target.name}`))
  if (missing.length > 0) {
    item.append(element('p', { class: 'quiet' }, `Not recorded: ${missing.join(', ')}`))
  }
  // Links of what the daemon has forgotten lead nowhere.
  setTimeout(() => item.remove(), result.remainingMs)
  return item
}

function facts({ seconds, madeAt, pauseMs }: Result): string {
  const duration = seconds > 0 ? [`${seconds} s`] : []
  const pause = pauseMs === null ? [] : [`stopped it for ${milliseconds(pauseMs)} at most`]
  return [...duration, `at ${clock(madeAt)}`, ...pause].join(', ')
}

function perfettoLink(path: string, title: string): HTMLAnchorElement {
  const query = new URLSearchParams({ trace: path, title })
  const attributes = { href: `/ui/perfetto/#${query}`, target: '_blank', rel: 'noopener' }
  return element('a', attributes, 'Perfetto (leaves this machine)')
}
