// The page /debug/panicparse in a real browser: it reads without its script, and works with it.
import { writeFileSync } from 'node:fs'
import t from 'tap'
import { chromiumMissing, openChromium } from '../fixtures/support/chromium.ts'
import { startDaemon } from '../fixtures/support/daemon.ts'
import { spawnProfilable } from './profilable.ts'

const skip = (await chromiumMissing()) ?? false

t.setTimeout(180_000)

t.test('the page filters, copies and links in a browser', { skip }, async (t) => {
  const daemon = await startDaemon(t, {
    arguments: ['--listen', '127.0.0.1:0', '--goroutine.min-interval-ms', '0'],
  })
  const target = await spawnProfilable(t, 'zoo-awaits.cjs')
  const { page, complaints } = await openChromium(t, {
    permissions: ['clipboard-write'],
  })
  await page.goto(`${daemon.url}/targets/${target.pid}/debug/panicparse`)
  const shown = `[...document.querySelectorAll('.bucket')].filter((each) => !each.hidden)`
  const all = Number(await page.evaluate(`${shown}.length`))
  t.ok(all >= 15, `${all} buckets`)
  t.match(await page.evaluate('document.body.innerText'), /4 routines: async-function awaiting/)
  t.equal(
    await page.evaluate(`getComputedStyle(document.querySelector('table')).borderCollapse`),
    'collapse',
    'its style applies',
  )
  const typed = `
    filter.value = 'waitsForShared'
    filter.dispatchEvent(new Event('input'))
    new Promise((resolve) => setTimeout(resolve, 300)).then(() => ${shown}.length)`
  t.equal(await page.evaluate(typed), 1, 'the filter leaves one')
  t.match(await page.evaluate('location.hash'), '#filter=waitsForShared')
  const copied = `
    document.querySelector('#controls [data-copy=markdown]').click()
    new Promise((resolve) => setTimeout(resolve, 300))
      .then(() => document.getElementById('status').textContent)`
  t.match(await page.evaluate(copied), /^copied \d+ characters$/)
  const links = await page.evaluate(`[...document.querySelectorAll('nav a')].map((a) => a.href)`)
  t.ok((links as string[]).every((link) => link.startsWith(`${daemon.url}/targets/${target.pid}/`)))
  const picture = await page.screenshot()
  t.equal(picture.toString('latin1', 1, 4), 'PNG')
  if (process.env.PPROFD_TEST_SCREENSHOT) writeFileSync(process.env.PPROFD_TEST_SCREENSHOT, picture)

  await page.goto(`${daemon.url}/targets/${target.pid}/debug/panicparse?seconds=1`)
  t.match(await page.evaluate('document.body.innerText'), /no bucket|0 grew|nothing/i)
  t.strictSame(complaints, [], 'the browser has nothing to complain about')
})
