/**
 * Hands a trace to Perfetto's public page, when the button is pressed: its window is asked with PING
 * until it says PONG. https://perfetto.dev/docs/visualization/deep-linking-to-perfetto-ui
 */
import { find, setText } from './dom.ts'

const perfetto = 'https://ui.perfetto.dev'
const pingMs = 200
const patienceMs = 60_000

const parameters = new URLSearchParams(location.hash.slice(1))
const trace = new URL(parameters.get('trace') ?? '', location.origin)
const title = parameters.get('title') ?? 'Trace'
const status = find(document, '#status', HTMLElement)
const open = find(document, '#open', HTMLButtonElement)

setText(find(document, '#title', HTMLElement), title)
// Only what pprofd keeps: a link from elsewhere could name something else.
const isOurs = trace.origin === location.origin && trace.pathname.startsWith('/ui/results/')
if (isOurs) find(document, '#file', HTMLAnchorElement).href = trace.pathname
open.disabled = !isOurs
open.addEventListener('click', () => void handOver())

async function handOver(): Promise<void> {
  // At once, as browsers block windows that nobody clicked for.
  const page = window.open(perfetto)
  if (page === null) return setText(status, 'The browser did not open the window.')
  open.disabled = true
  setText(status, 'Waiting for Perfetto to load')
  try {
    const answer = await fetch(trace.pathname, { cache: 'no-store' })
    if (!answer.ok) throw new Error((await answer.text()).trim())
    const buffer = await answer.arrayBuffer()
    await pong(page)
    page.postMessage({ perfetto: { buffer, title } }, perfetto)
    setText(status, 'Handed over.')
  } catch (error) {
    setText(status, error instanceof Error ? error.message : String(error))
  } finally {
    open.disabled = false
  }
}

function pong(page: Window): Promise<void> {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now()
    const timer = setInterval(() => {
      if (performance.now() - startedMs < patienceMs) return page.postMessage('PING', perfetto)
      stop()
      reject(new Error('Perfetto did not answer.'))
    }, pingMs)
    const onMessage = ({ source, origin, data }: MessageEvent) => {
      if (source !== page || origin !== perfetto || data !== 'PONG') return
      stop()
      resolve()
    }
    const stop = () => {
      clearInterval(timer)
      window.removeEventListener('message', onMessage)
    }
    window.addEventListener('message', onMessage)
  })
}
