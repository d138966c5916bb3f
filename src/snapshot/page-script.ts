import { trusted } from '../ui/html.ts'

/**
 * Filter and copy, for browsers that run scripts; without them the page reads the same. Allowed by
 * its hash. "Live" asks for a new snapshot every 5 s, as long as somebody looks. It puts text into the page only as text, and sends nothing anywhere.
 */
export const pageScript = `
'use strict'
const all = (selector, root = document) => [...root.querySelectorAll(selector)]
const filter = document.getElementById('filter')
const status = document.getElementById('status')
const buckets = all('.bucket')
const texts = new Map()
for (const element of all('[data-needs-script]')) element.hidden = false

function textOf(bucket) {
  const rows = all('.stack tbody tr', bucket).map((row) => {
    const cells = ['.package', '.place', '.call'].map((name) => row.querySelector(name))
    return cells.map((cell) => cell ? cell.textContent.trim() : '')
  })
  const wide = [0, 1].map((at) => Math.max(0, ...rows.map((row) => row[at].length)))
  return rows.map(([name, place, call]) => {
    if (call === '(...)') return '    (...)'
    return ('    ' + name.padEnd(wide[0]) + ' ' + place.padEnd(wide[1]) + ' ' + call).trimEnd()
  })
}

function plain(bucket) {
  return [bucket.dataset.header, ...textOf(bucket), ''].join('\\n')
}

function markdown(bucket) {
  return ['### ' + bucket.dataset.markdown, '', ...textOf(bucket), ''].join('\\n')
}

function matcher(text) {
  try {
    const pattern = new RegExp(text, 'i')
    return (value) => pattern.test(value)
  } catch {
    return (value) => value.toLowerCase().includes(text.toLowerCase())
  }
}

function applyFilter() {
  const matches = matcher(filter.value.trim())
  let shown = 0
  for (const bucket of buckets) {
    if (!texts.has(bucket)) texts.set(bucket, plain(bucket))
    const isShown = matches(texts.get(bucket))
    bucket.hidden = !isShown
    if (isShown) shown++
  }
  status.textContent = filter.value.trim() === '' ? '' : shown + ' of ' + buckets.length + ' buckets'
  const url = new URL(location.href)
  url.hash = filter.value.trim() === '' ? '' : 'filter=' + encodeURIComponent(filter.value.trim())
  history.replaceState(null, '', url)
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text)
  } catch {
    const area = document.createElement('textarea')
    area.value = text
    document.body.append(area)
    area.select()
    document.execCommand('copy')
    area.remove()
  }
  status.textContent = 'copied ' + text.length + ' characters'
}

document.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-copy]')
  if (!button) return
  const own = button.closest('.bucket')
  const wanted = own ? [own] : buckets.filter((bucket) => !bucket.hidden)
  copy(wanted.map(button.dataset.copy === 'markdown' ? markdown : plain).join('\\n'))
})

document.addEventListener('keydown', (event) => {
  if (event.target === filter && event.key === 'Escape') {
    filter.value = ''
    applyFilter()
  } else if (event.key === '/' && event.target !== filter && !event.ctrlKey && !event.metaKey) {
    event.preventDefault()
    filter.focus()
  }
})

const live = document.getElementById('live')
const liveKey = 'live ' + location.pathname
const liveMs = 5000
let reloading

function applyLive() {
  clearTimeout(reloading)
  if (live.checked && !document.hidden) reloading = setTimeout(() => location.reload(), liveMs)
}

live.checked = sessionStorage.getItem(liveKey) === 'on'
live.addEventListener('change', () => {
  sessionStorage.setItem(liveKey, live.checked ? 'on' : 'off')
  applyLive()
})
document.addEventListener('visibilitychange', applyLive)
applyLive()

let pending
filter.addEventListener('input', () => {
  clearTimeout(pending)
  pending = setTimeout(applyFilter, 100)
})
const linked = /^#filter=(.*)$/.exec(location.hash)
if (linked) {
  filter.value = decodeURIComponent(linked[1])
  applyFilter()
}
`

export const pageScriptTag = trusted(`<script>${pageScript}</script>`)
