// Drives the demo service over loopback at a bounded rate: node demo/load.mjs URL [requests per second]
import { Agent, get } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

// 80 a second keep the service busy for about a third of a core.
const defaultRate = 80
// No more than this many are under way at once: on a slow machine the rate falls, no queue grows.
const maxPending = 4
const paths = ['/users', '/report', '/search?q=lo', '/hash?text=secret', '/report']

/** Resolves when `signal` aborts. Failed requests are counted and otherwise ignored. */
export async function drive(url, { rate = defaultRate, signal } = {}) {
  const agent = new Agent({ keepAlive: true, maxSockets: maxPending })
  const counts = { answered: 0, failed: 0 }
  let pending = 0
  for (let turn = 0; !signal?.aborted; turn += 1) {
    if (pending < maxPending) {
      pending += 1
      request(new URL(paths[turn % paths.length], url), agent)
        .then(() => {
          counts.answered += 1
        })
        .catch(() => {
          counts.failed += 1
        })
        .finally(() => {
          pending -= 1
        })
    }
    await delay(1_000 / rate, undefined, { signal }).catch(() => undefined)
  }
  agent.destroy()
  return counts
}

function request(url, agent) {
  return new Promise((resolve, reject) => {
    const sent = get(url, { agent }, (response) => {
      response.resume()
      response.once('end', resolve)
      response.once('error', reject)
    })
    sent.once('error', reject)
  })
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const [, , url, rate = String(defaultRate)] = process.argv
  if (url === undefined) {
    console.error('usage: node demo/load.mjs URL [requests per second]')
    process.exit(2)
  }
  const abort = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => abort.abort())
  console.error(await drive(url, { rate: Number(rate), signal: abort.signal }))
}
