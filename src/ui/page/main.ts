/**
 * The landing page, live: figures are read every two seconds while somebody looks, and buttons record.
 * Nothing is recorded before one is pressed.
 */
import { ask, type Kind, type Memory, Refusal, type Result, type TargetsAnswer } from './api.ts'
import type { Card } from './card.ts'
import { Cards } from './cards.ts'
import { element, find, setText } from './dom.ts'
import { showRecent } from './recent.ts'
import { isRecording, record } from './recorder.ts'
import { fromTo } from './units.ts'

const refreshMs = 2000
/** Where nothing runs, the table of captures changes seldom. */
const recentEvery = 5

const secondsField = find(document, '#seconds', HTMLInputElement)
const filterField = find(document, '#filter', HTMLInputElement)
const trouble = find(document, '#trouble', HTMLElement)
let maxSeconds = 300

for (const hidden of document.querySelectorAll<HTMLElement>('[data-needs-script]')) {
  hidden.hidden = false
}

/** What is asked for, else what is usual; 0 for what has no duration. */
function secondsOf({ seconds }: Kind): number {
  const asked = secondsField.valueAsNumber
  if (seconds === 0 || Number.isNaN(asked) || !secondsField.validity.valid) return seconds
  return asked
}

function showSecondsHint(): boolean {
  const { valid } = secondsField.validity
  const text = valid ? '' : `a whole number from 1 to ${maxSeconds}; empty: what is usual`
  setText(find(document, '#seconds-hint', HTMLElement), text)
  secondsField.setAttribute('aria-invalid', String(!valid))
  return valid
}

const cards = new Cards({ record: (card, kind) => void start(card, kind), download })

async function start(card: Card, kind: Kind): Promise<void> {
  if (!showSecondsHint() && kind.seconds > 0) return secondsField.focus()
  if (kind.kind === 'retained' && !(await confirmSnapshot(card))) return
  isRecentDue = true
  await record(card, kind, secondsOf(kind))
  isRecentDue = true
}

/** A heap snapshot stops the thread; how long is told before. */
async function confirmSnapshot({ target, root }: Card): Promise<boolean> {
  if (target === undefined) return false
  let pause = 'for a time that cannot be told beforehand'
  try {
    const { heapSnapshotEstimate } = await ask<Memory>(`${target.path}/memory?v8=0`)
    const { pauseMs } = heapSnapshotEstimate ?? {}
    if (pauseMs) pause = `for about ${fromTo(pauseMs.from, pauseMs.to)}`
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
  }
  if (root.classList.contains('gone')) return false
  return confirm(
    `A heap snapshot stops ${target.name} ${pause}, and it needs memory for it. Go on?`,
  )
}

async function download(card: Card, kind: 'fgtrace' | 'heapsnapshot'): Promise<void> {
  const { target, preflight } = card
  if (target === undefined) return
  if (!showSecondsHint() && kind === 'fgtrace') return secondsField.focus()
  if (kind === 'heapsnapshot') {
    if (await confirmSnapshot(card)) follow(`${target.path}/debug/heapsnapshot`)
    return
  }
  const seconds = secondsOf({ kind, label: '', tells: '', seconds: 10 })
  const { fromMs = 0, toMs = 0 } = preflight?.estimatedPause ?? {}
  const pause = toMs > 0 ? `, and its start stops it for about ${fromTo(fromMs, toMs)}` : ''
  const question = `This records ${target.name} for ${seconds} s${pause}. Go on?`
  if (confirm(question)) follow(`${target.path}/debug/fgtrace?seconds=${seconds}`)
}

/** As if a link were clicked: the browser shows how the file grows, or why there is none. */
function follow(path: string): void {
  element('a', { href: path, target: '_blank', rel: 'noopener' }).click()
}

let isRecentDue = true
let looks = 0
let timer: ReturnType<typeof setTimeout> | undefined
let reading: AbortController | undefined

async function refresh(): Promise<void> {
  reading = new AbortController()
  const { signal } = reading
  const timeUp = setTimeout(() => reading?.abort(), 5 * refreshMs)
  try {
    const answer = await ask<TargetsAnswer>('/ui/targets', { signal })
    maxSeconds = answer.maxSeconds
    secondsField.max = String(maxSeconds)
    cards.update(answer, secondsOf)
    if (looks === 0) {
      cards.addResults(
        (await ask<{ results: readonly Result[] }>('/ui/results', { signal })).results,
      )
    }
    if (isRecentDue || looks % recentEvery === 0) isRecentDue = await showRecent(signal)
    looks++
    trouble.hidden = true
  } catch (error) {
    if (document.hidden) return
    const reason = error instanceof Refusal ? error.message : 'pprofd does not answer'
    setText(trouble, `${reason}. What is shown may be old; trying again.`)
    trouble.hidden = false
  } finally {
    clearTimeout(timeUp)
  }
}

async function loop(): Promise<void> {
  await refresh()
  if (!document.hidden) timer = setTimeout(loop, refreshMs)
}

document.addEventListener('visibilitychange', () => {
  clearTimeout(timer)
  reading?.abort()
  if (!document.hidden) void loop()
})

secondsField.addEventListener('input', () => {
  showSecondsHint()
  cards.offer(secondsOf)
})

filterField.addEventListener('input', () => cards.applyFilter(filterField.value))

document.addEventListener('keydown', (event) => {
  const isTyping = event.target instanceof HTMLInputElement
  if (event.key === '/' && !isTyping && !event.ctrlKey && !event.metaKey) {
    event.preventDefault()
    filterField.focus()
  } else if (event.key === 'Escape' && event.target === filterField) {
    filterField.value = ''
    cards.applyFilter('')
  }
})

// What runs ends with the page.
window.addEventListener('beforeunload', (event) => {
  if (isRecording()) event.preventDefault()
})

void loop()
