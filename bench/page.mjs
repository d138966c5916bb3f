// What the landing page and a flame graph cost a browser: time until something is painted, and bytes
// that travel, in Debian's Chromium without a window, by playwright-core. Empty caches, then full ones.

import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { printMachine, spread, startDaemon, startProcess } from './processes.mjs'
import { showTable } from './results.mjs'

const rounds = 7
const program = fileURLToPath(new URL('../test/fixtures/targets/busy.cjs', import.meta.url))

printMachine()
const target = await startProcess(['--inspect-port=0', program], /ready/)
const daemon = await startDaemon()
const { url } = daemon
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--disable-gpu'],
  chromiumSandbox: false,
})
try {
  const view = await record()
  const graph = (page) => page.getByText('Sandwich').waitFor()
  const figures = (page) => page.locator('.actions button').first().waitFor({ state: 'attached' })
  showTable('pages', `median (min to max) of ${rounds}`, {
    ...(await measure('/', `${url}/`, figures)),
    ...(await measure('flame graph', `${url}${view}`, graph)),
  })
} finally {
  await browser.close()
  await daemon.stop()
  await target.stop()
}

async function record() {
  const query = `target=${target.pid}&kind=profile&seconds=2`
  const answer = await fetch(`${url}/ui/captures?${query}`, { method: 'POST' })
  return (await answer.json()).view
}

async function measure(name, address, isThere) {
  const cold = []
  const warm = []
  for (let round = 0; round < rounds; round++) {
    const context = await browser.newContext()
    cold.push(await load(context, address, isThere))
    warm.push(await load(context, address, isThere))
    await context.close()
  }
  return { [`${name}, first visit`]: row(cold), [`${name}, again`]: row(warm) }
}

async function load(context, address, isThere) {
  const page = await context.newPage()
  const network = await context.newCDPSession(page)
  let bytes = 0
  await network.send('Network.enable')
  network.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength
  })
  await page.goto(address)
  await isThere(page)
  const thereMs = await page.evaluate('performance.now()')
  const paint = `performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN`
  const paintMs = await page.evaluate(paint)
  await page.close()
  return { paintMs, thereMs, bytes }
}

function row(list) {
  const of = (key) => spread(list.map((result) => result[key]))
  const kib = list.map(({ bytes }) => bytes / 1024)
  return {
    'first paint, ms': of('paintMs'),
    'live or drawn, ms': of('thereMs'),
    'KiB transferred': spread(kib),
  }
}
