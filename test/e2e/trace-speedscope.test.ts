// speedscope's own importer, in its released page: does it take a trace, and for what?
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import t from 'tap'
import { spawnTraced } from '../captures/traced.ts'
import { checkTrace } from '../fixtures/support/check-trace.ts'
import { checkout } from '../fixtures/support/checkout.ts'
import { chromiumMissing, openChromium } from '../fixtures/support/chromium.ts'
import { startDaemon } from '../fixtures/support/daemon.ts'
import { until } from '../targets/new-targets.ts'

const skip = (await chromiumMissing()) ?? false
const speedscope = join(checkout, 'node_modules/speedscope/dist/release/index.html')

t.setTimeout(180_000)

t.test('speedscope shows the stacks of each thread', { skip }, async (t) => {
  const daemon = await startDaemon(t, { arguments: ['--listen', '127.0.0.1:0'] })
  const target = await spawnTraced(t)
  const url = `${daemon.url}/targets/${target.pid}/debug/pprof/trace?seconds=2.2`
  const text = await (await fetch(url)).text()
  checkTrace(text)
  // As its own command does it.
  const script = join(t.testdir(), 'trace.js')
  const base64 = JSON.stringify(Buffer.from(text).toString('base64'))
  writeFileSync(script, `speedscope.loadFileFromBase64('trace.json', ${base64})`)
  const { page, complaints: told } = await openChromium(t)
  await page.goto(`${pathToFileURL(speedscope).href}#localProfilePath=${script}`)
  const name = `traced.cjs (pid ${target.pid}), main (tid ${target.pid})`
  t.ok(await until(async () => (await shown(page)).includes(name)), await shown(page))
  // The sandwich view is a table of functions.
  await page.evaluate(`window.dispatchEvent(new KeyboardEvent('keypress', { key: '3' }))`)
  t.ok(await until(async () => (await shown(page)).includes('traced.outermost')), await shown(page))
  t.match(await shown(page), /traced\.outermost \{"at":".*traced\.cjs:\d+"\}/)
  if (process.env.PPROFD_TEST_SCREENSHOT) {
    writeFileSync(process.env.PPROFD_TEST_SCREENSHOT, await page.screenshot())
  }
  // What it says of drawing without a graphics card is none of ours.
  const complaints = told.filter((each) => !/WebGL/.test(each))
  t.strictSame(complaints, [], 'nothing to complain about')
})

async function shown(page: Page): Promise<string> {
  return String(await page.evaluate('document.body.innerText'))
}
