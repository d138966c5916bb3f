/** The table of recent captures, of whoever took them; those that run can be ended. */
import { ask, type Capture } from './api.ts'
import { announce, button, element, find, setText } from './dom.ts'
import { clock, milliseconds } from './units.ts'

/** The page of all is one click away. */
const maxRows = 12

/** Whether one runs. */
export async function showRecent(signal: AbortSignal): Promise<boolean> {
  const { captures } = await ask<{ captures: readonly Capture[] }>('/captures', { signal })
  const body = find(document, '#recent tbody', HTMLElement)
  const shown = captures.slice(0, maxRows)
  const known = new Map(
    [...body.children].map((row) => [row.getAttribute('data-capture') ?? '', row]),
  )
  const rows = shown.map((capture) => {
    const row = known.get(capture.id)
    if (row && row.getAttribute('data-state') === capture.state) {
      fill(row, capture)
      return row
    }
    return rowOf(capture)
  })
  const isSame =
    rows.length === body.children.length && rows.every((r, i) => body.children[i] === r)
  if (!isSame) body.replaceChildren(...rows)
  find(document, '#no-recent', HTMLElement).hidden = rows.length > 0
  find(document, '#recent', HTMLElement).hidden = rows.length === 0
  return captures.some(({ state }) => state === 'running')
}

function rowOf(capture: Capture): HTMLTableRowElement {
  const { id, kind, target, state, startedAt } = capture
  const link = element('a', { href: `/captures/${id}` }, clock(startedAt))
  const row = element('tr', { 'data-capture': id, 'data-state': state })
  const cells = [link, kind, `${target.name} (${target.pid})`, stateText(capture), '', '']
  const numbers = new Set([4, 5])
  row.append(
    ...cells.map((cell, i) => element('td', numbers.has(i) ? { class: 'number' } : {}, cell)),
  )
  const last = element('td')
  if (state === 'running') {
    const name = `End ${kind} of ${target.name}`
    last.append(button({ 'aria-label': name }, () => end(id, kind), 'End'))
  }
  row.append(last)
  fill(row, capture)
  return row
}

function fill(row: Element, { elapsedMs, pauseMs }: Capture): void {
  const [took, pause] = [row.children[4], row.children[5]]
  if (took) setText(took, milliseconds(elapsedMs))
  if (pause) setText(pause, pauseMs === null ? '' : milliseconds(pauseMs))
}

function stateText({ state, reason }: Capture): string {
  return reason === null ? state : `${state}: ${reason}`
}

async function end(id: string, kind: string): Promise<void> {
  try {
    await ask(`/captures/${encodeURIComponent(id)}`, { method: 'DELETE' })
    announce(`${kind} is ended`)
  } catch (error) {
    announce(String(error))
  }
}
