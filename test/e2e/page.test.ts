// The landing page in a real browser, through a real `ssh -L` on another port where sshd is.
import { gunzipSync } from 'node:zlib'
import type { Locator, Page } from 'playwright-core'
import t from 'tap'
import { chromiumMissing, openChromium, type WatchedPage } from '../fixtures/support/chromium.ts'
import { startDaemon } from '../fixtures/support/daemon.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { openSshTunnel, sshMissing } from '../fixtures/support/ssh-tunnel.ts'
import { get, spawnProfilable, until } from './profilable.ts'

const skip = (await chromiumMissing()) ?? false
const noSsh = await sshMissing()

t.setTimeout(180_000)

/** A folder for pictures, as docs/images has them. */
const pictures = process.env.PPROFD_TEST_PICTURES
const noPictures = pictures ? false : 'PPROFD_TEST_PICTURES names no folder for pictures'

interface Widths {
  readonly scroll: number
  readonly client: number
}

/** On a machine that runs other tests, too. */
const patienceMs = 45_000

t.test('the landing page in a browser', { skip }, async (t) => {
  const daemon = await startDaemon(t)
  const busy = await spawnProfilable(t, 'busy.cjs')
  const dying = await spawnProfilable(t, 'idle.cjs')
  if (noSsh) t.comment(`${noSsh}; asked directly`)
  const port = noSsh ? daemon.port : (await openSshTunnel(t, daemon.port)).localPort
  const near = `http://127.0.0.1:${port}`
  const browser = await openChromium(t)
  const { page, complaints, requests } = browser
  page.setDefaultTimeout(patienceMs)
  page.context().setDefaultTimeout(patienceMs)
  await page.goto(near)
  const card = page.locator('.target', { hasText: `pid ${busy.pid}` })

  await t.test('reading it, and all it links to, captures nothing', async (t) => {
    // Only of what is in view.
    await card.scrollIntoViewIfNeeded()
    await card.locator('.verdict.good').waitFor()
    const links = await page.$$eval('a[href]', (all) =>
      all.map((a) => a.getAttribute('href') ?? ''),
    )
    const ours = `/targets/${busy.pid}/`
    const followed = links.filter(
      (href) => href.startsWith('/') && !/\/debug\/panicparse$/.test(href),
    )
    const lasting = followed.filter(
      (href) => !href.startsWith('/targets/') || href.startsWith(ours),
    )
    t.ok(lasting.length >= 5, lasting.join(' '))
    for (const href of lasting) t.equal((await get(`${near}${href}`)).status, 200, href)
    t.strictSame(await captures(near), [], 'none of them is a capture')
    t.strictSame(await listeningPorts(busy.pid), [], 'its inspector is shut')
  })

  await t.test('it shows what the kernel counts, again and again', async (t) => {
    await until('a share of the processor', async () => {
      return /^\d+ %$/.test(await figure(card, 'cpu'))
    })
    t.match(await figure(card, 'memory'), /^\d+ MB$/)
    t.match(await figure(card, 'node'), /^v\d+\.\d+\.\d+$/)
    t.ok(Number(await figure(card, 'threads')) >= 5)
    t.match(
      await card.locator('.verdict').innerText(),
      /^Ready, by SIGUSR1\. .* about \d+ ms to \d+/,
    )
    await page.fill('#filter', String(busy.pid))
    t.equal(await page.locator('.target:visible').count(), 1, 'the filter leaves one')
    await page.fill('#filter', '')
  })

  await t.test('a duration that is none is said to be none', async (t) => {
    await page.fill('#seconds', '0')
    await card.locator('[data-kind=profile]').click()
    t.match(await page.locator('#seconds-hint').innerText(), /^a whole number from 1 to 300/)
    t.equal(await card.locator('.result').count(), 0)
    await page.fill('#seconds', '2')
    t.equal(await page.locator('#seconds-hint').innerText(), '')
  })

  await t.test('CPU: progress, then the flame graph with the function that is hot', async (t) => {
    await card.locator('[data-kind=profile]').click()
    const bar = card.locator('progress')
    await until('progress', async () => Number(await bar.getAttribute('value')) > 0)
    await page.locator('#recent [data-state=running]').first().waitFor()
    await card.locator('a.button').waitFor()
    t.equal(await bar.count(), 0, 'the bar has gone')
    t.match(await page.locator('#announcer').textContent(), /^CPU of busy\.cjs is there$/)
    const files = card.locator('.result nav a')
    t.strictSame(await files.allInnerTexts(), [
      'speedscope',
      'pprof',
      'collapsed',
      'markdown',
      'cpuprofile',
    ])
    for (const href of await hrefs(files)) {
      const { status, bytes } = await get(`${near}${href}`)
      const text = Buffer.from(bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString()
      t.match({ status, text }, { status: 200, text: /burnSixty/ }, href)
    }
    t.match(await sandwich(browser, card, /burnSixty/), /CPU of busy\.cjs/, 'its title')
  })

  await t.test('pictures of it, where somebody wants them', { skip: noPictures }, async (t) => {
    const settings = [
      ['light', { colorScheme: 'light' }, { width: 1100, height: 760 }],
      ['dark', { colorScheme: 'dark' }, { width: 1100, height: 760 }],
      ['narrow', { colorScheme: 'light' }, { width: 360, height: 740 }],
    ] as const
    await page.fill('#filter', 'busy.cjs')
    for (const [name, media, size] of settings) {
      await page.emulateMedia(media)
      await page.setViewportSize(size)
      // Where the checkout is, is nobody's affair.
      await page.evaluate(`document.querySelectorAll('.command code').forEach((each) => {
        each.textContent = each.textContent.replace(/ --inspect-port=0|[^ ]*\\/(?=test\\/)|[^ ]*\\/(?=node )/g, '')
      })
      document.activeElement.blur()
      scrollTo(0, 0)`)
      await page.screenshot({ path: `${pictures}/page-${name}.png` })
      const { scroll, client } = (await page.evaluate(`({
        scroll: document.documentElement.scrollWidth, client: document.documentElement.clientWidth })`)) as Widths
      t.ok(scroll <= client, `${name}: nothing is cut at the side`)
    }
    await page.emulateMedia({ colorScheme: 'light' })
    await page.setViewportSize({ width: 1200, height: 900 })
    await page.fill('#filter', '')
    const graph = await opened(page, card.locator('a.button').first())
    await graph.setViewportSize({ width: 1100, height: 600 })
    await until('speedscope', async () => {
      return /Sandwich/.test(await graph.locator('body').innerText())
    })
    await graph.keyboard.press('2')
    await graph.waitForTimeout(1000)
    await graph.screenshot({ path: `${pictures}/page-flame-graph.png` })
    await graph.close()
  })

  await t.test('every other kind has a flame graph, too', async (t) => {
    await card.locator('.actions summary').click()
    const kinds = ['wall', 'heap', 'goroutine', 'trace', 'mutex'] as const
    await page.fill('#seconds', '1')
    // At most four of a target, and of the page, at once.
    for (const some of [kinds.slice(0, 3), kinds.slice(3)]) {
      for (const kind of some) await card.locator(`[data-kind=${kind}]`).click()
      await until(
        'all of them',
        async () => (await card.locator('progress').count()) === 0,
        patienceMs,
      )
    }
    t.strictSame(await card.locator('.failure').allInnerTexts(), [])
    t.equal(await card.locator('a.button').count(), 1 + kinds.length)
    const names = await card.locator('.result b').allInnerTexts()
    for (const [index, name] of names.entries()) {
      if (name === 'CPU' || name === 'Heap') continue
      // A snapshot may come at a moment when nobody can say which function runs.
      const wanted = name === 'Goroutines' ? /\(running\)|busy\./ : /burnSixty/
      t.ok(await sandwich(browser, card, wanted, index), name)
    }
    await page.reload()
    await until('what is kept', async () => (await card.locator('a.button').count()) === 6)
  })

  await t.test('a snapshot that stops the target asks before', async (t) => {
    const asked: string[] = []
    page.once('dialog', (dialog) => {
      asked.push(dialog.message())
      void dialog.dismiss()
    })
    const before = (await captures(near)).length
    await card.locator('[data-kind=retained]').click()
    await until('the question', () => asked.length > 0)
    t.match(asked[0], /^A heap snapshot stops busy\.cjs for about \d.* Go on\?$/)
    t.equal((await captures(near)).length, before, 'no is no')
  })

  await t.test('Cancel ends the capture, and the target is as before', async (t) => {
    await page.fill('#seconds', '50')
    await card.locator('[data-kind=profile]').click()
    await until('it runs', async () => (await listeningPorts(busy.pid)).length === 1, patienceMs)
    await card.getByRole('button', { name: /^Cancel CPU/ }).press('Enter')
    await card.getByText('CPU: cancelled').waitFor()
    await until(
      'it is let go',
      async () => (await listeningPorts(busy.pid)).length === 0,
      patienceMs,
    )
    await until('it is told so', async () => (await captures(near))[0]?.state !== 'running')
    t.equal((await captures(near))[0]?.state, 'aborted')
  })

  await t.test('a target that dies meanwhile takes nothing with it', async (t) => {
    const other = page.locator('.target', { hasText: `pid ${dying.pid}` })
    await other.locator('[data-kind=wall]').click()
    await until('it runs', async () => (await listeningPorts(dying.pid)).length === 1, patienceMs)
    dying.child.kill('SIGKILL')
    const failure = other.locator('.failure')
    await failure.waitFor()
    t.match(await failure.innerText(), /^Wall: .*(ended|closed|gone)/)
    await other.getByText('It has ended.').waitFor()
    t.equal(await card.locator('a.button').count(), 6, 'the others are there')
    // That answer was no success, which the browser writes down.
    const told = complaints.filter((each) => !/the server responded with a status of/.test(each))
    t.strictSame(told, [])
  })

  await t.test('Perfetto gets the trace when somebody says so, and not before', async (t) => {
    const context = page.context()
    const outside = () => requests.filter((url) => !url.startsWith(`${near}/`))
    t.strictSame(outside(), [], 'so far nothing has asked another origin')
    await context.route('https://ui.perfetto.dev/**', (route) =>
      route.fulfill({ contentType: 'text/html', body: perfetto }),
    )
    const handing = await opened(page, card.getByText('Perfetto (leaves this machine)'))
    await handing.getByText('leaves this machine').waitFor()
    t.strictSame(outside(), [], 'nor does the page that explains it')
    const there = await opened(handing, handing.locator('#open'))
    await until('the trace', async () => /^\d+ Trace of/.test(await there.title()), patienceMs)
    t.ok(Number.parseInt(await there.title(), 10) > 1000, await there.title())
    t.match(outside(), [/^https:\/\/ui\.perfetto\.dev\/?$/])
  })

  await t.test('the page of goroutines is one click away', async (t) => {
    await card.locator('a.goroutines').click()
    await page.getByText('Goroutines of busy.cjs').first().waitFor()
    const links = await page.locator('nav a').allInnerTexts()
    t.ok(links.includes('What changes in 5 s'), 'and the difference of two one more')
    const first = await page.evaluate(() => performance.timeOrigin)
    await page.getByLabel(/Live/).check()
    await page.waitForFunction((origin) => performance.timeOrigin > origin, first)
    t.ok(await page.getByLabel(/Live/).isChecked(), 'live: it came anew by itself')
  })

  const told = complaints.filter((each) => !/the server responded with a status of/.test(each))
  t.strictSame(told, [], 'the browser has nothing to complain about')
})

/** As Perfetto's page talks: PONG to a PING, and then the trace. */
const perfetto = `<!doctype html><title>waiting</title><script>
addEventListener('message', ({ data, source, origin }) => {
  if (data === 'PING') source.postMessage('PONG', origin)
  else if (data.perfetto) document.title = data.perfetto.buffer.byteLength + ' ' + data.perfetto.title
})
</script>`

async function captures(near: string): Promise<readonly { readonly state: string }[]> {
  const { text } = await get(`${near}/captures`)
  return Object(JSON.parse(text)).captures
}

async function figure(card: Locator, name: string): Promise<string> {
  return card.locator(`[data-figure=${name}]`).innerText()
}

async function hrefs(links: Locator): Promise<readonly string[]> {
  const all = await links.all()
  return Promise.all(all.map(async (link) => (await link.getAttribute('href')) ?? ''))
}

async function opened(from: Page, link: Locator): Promise<Page> {
  const [page] = await Promise.all([from.context().waitForEvent('page'), link.click()])
  return page
}

/** What speedscope says of a result in its table of functions: the graph itself is drawn, not written. */
async function sandwich(
  { page }: WatchedPage,
  card: Locator,
  wanted: RegExp,
  index = 0,
): Promise<string> {
  const graph = await opened(page, card.locator('a.button').nth(index))
  const text = () => graph.locator('body').innerText()
  await until('speedscope', async () => /Sandwich/.test(await text()), patienceMs)
  await graph.keyboard.press('3')
  await until(`${wanted} in its table`, async () => wanted.test(await text()), patienceMs)
  const shown = await text()
  await graph.close()
  return shown
}
