/** Recording: the request, its progress, its end, and what came of it. */
import { ask, type Kind, Refusal, type Result } from './api.ts'
import type { Card } from './card.ts'
import { announce, button, element, setText } from './dom.ts'
import { resultItem } from './result.ts'
import { milliseconds } from './units.ts'

/** Browsers open 6 connections to one host: two are left for what else the page asks. */
const mostAtOnce = 4

/** Often enough for a bar to move evenly. */
const progressMs = 200

let running = 0

export function isRecording(): boolean {
  return running > 0
}

/** Leaving the page, or Cancel, ends the request, and with it the capture. */
export async function record(
  card: Card,
  kind: Kind,
  seconds: number,
  force = false,
): Promise<void> {
  const { target } = card
  if (target === undefined) return
  const item = element('li', { class: 'result' })
  card.results.prepend(item)
  if (running >= mostAtOnce) {
    const reason = `${running} captures of this page run already; wait for one or cancel it`
    return showFailure(item, card, kind, seconds, reason)
  }
  running++
  const abort = new AbortController()
  const stopProgress = showProgress(item, kind, seconds, target.name, abort)
  try {
    const query = new URLSearchParams({ target: target.id, kind: kind.kind })
    if (seconds > 0) query.set('seconds', String(seconds))
    if (force) query.set('force', '1')
    const options = { method: 'POST', signal: abort.signal }
    const result = await ask<Result>(`/ui/captures?${query}`, options)
    finish(item, resultItem(result), `${kind.label} of ${target.name} is there`)
  } catch (error) {
    if (abort.signal.aborted) {
      const text = element('p', { class: 'quiet' }, `${kind.label}: cancelled`)
      finish(item, element('li', { class: 'result' }, text), `${kind.label} is cancelled`)
    } else {
      const reason =
        error instanceof Refusal ? error.message : `pprofd does not answer (${String(error)})`
      showFailure(item, card, kind, seconds, reason)
    }
  } finally {
    stopProgress()
    running--
  }
}

function showProgress(
  item: HTMLElement,
  { label }: Kind,
  seconds: number,
  name: string,
  abort: AbortController,
): () => void {
  const bar = element('progress', { 'aria-label': `${label} of ${name}` })
  if (seconds > 0) bar.max = seconds * 1000
  const text = element('span', { class: 'quiet elapsed' })
  const cancel = button(
    { 'aria-label': `Cancel ${label} of ${name}` },
    () => abort.abort(),
    'Cancel',
  )
  item.replaceChildren(element('p', {}, element('b', {}, label)), bar, text, cancel)
  announce(`Recording ${label} of ${name}`)
  const startedMs = performance.now()
  const show = () => {
    const elapsedMs = performance.now() - startedMs
    if (seconds === 0) {
      setText(text, milliseconds(elapsedMs))
    } else if (elapsedMs < seconds * 1000) {
      bar.value = elapsedMs
      setText(text, `${Math.floor(elapsedMs / 1000)} of ${seconds} s`)
    } else {
      // What is left is its end in the target and the conversion, which nobody can tell the length of.
      bar.removeAttribute('value')
      setText(text, 'converting')
    }
  }
  show()
  const timer = setInterval(show, progressMs)
  return () => clearInterval(timer)
}

function showFailure(
  item: HTMLElement,
  card: Card,
  kind: Kind,
  seconds: number,
  reason: string,
): void {
  const made = element(
    'li',
    { class: 'result' },
    element('p', { class: 'failure' }, `${kind.label}: ${reason}`),
  )
  if (/\bforce=1\b/.test(reason)) {
    const again = () => {
      made.remove()
      void record(card, kind, seconds, true)
    }
    made.append(button({}, again, 'Record anyway'))
  }
  made.append(button({}, () => made.remove(), 'Dismiss'))
  finish(item, made, `${kind.label} failed: ${reason}`)
}

/** Whoever is there with the keyboard stays there. */
function finish(item: HTMLElement, made: HTMLElement, said: string): void {
  const hadFocus = item.contains(document.activeElement)
  item.replaceWith(made)
  if (hadFocus) made.querySelector<HTMLElement>('a, button')?.focus()
  announce(said)
}
