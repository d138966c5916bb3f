// node scripts/tutorial-pictures.mjs: makes the flame graphs of docs/tutorial.md, out of its programs, in
// Debian's Chromium. `npm run build` first.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const checkout = fileURLToPath(new URL('..', import.meta.url))

/** `view`: speedscope's key for it; 2 is left heavy. */
const pictures = [
  { name: 'tutorial-slow', program: 'demo/slow/shop.mjs', path: 'profile?seconds=5', view: '2' },
  { name: 'tutorial-leak', program: 'demo/leak/sessions.mjs', path: 'retained', view: '2' },
]
/** Until the programs have begun to be slow, and to leak. */
const warmUpMs = 20_000

const started = []
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  // It refuses to run as root with its sandbox; it opens only pages of this machine.
  chromiumSandbox: false,
})
try {
  const daemon = await start(
    ['dist/main.js', 'serve', '--listen', '127.0.0.1:0'],
    /"url":"([^"]+)"/,
  )
  for (const { name, program, path, view } of pictures) {
    const pid = await start([program], /"pid":(\d+)/)
    await new Promise((resolve) => setTimeout(resolve, warmUpMs))
    await photograph(name, `${daemon}/targets/${pid}/debug/pprof/${path}`, view)
  }
} finally {
  await browser.close()
  for (const child of started) child.kill('SIGKILL')
}

async function photograph(name, url, view) {
  const page = await browser.newPage({
    viewport: { width: 1000, height: 480 },
    colorScheme: 'light',
  })
  const { origin, pathname, search } = new URL(url)
  const source = encodeURIComponent(`${pathname}${search}`)
  await page.goto(`${origin}/ui/speedscope/#profileURL=${source}`)
  // Its views are there once it has the profile.
  await page.getByText('Sandwich').waitFor({ timeout: 60_000 })
  await page.keyboard.press(view)
  await page.waitForTimeout(1500)
  await page.screenshot({ path: `${checkout}docs/images/${name}.png` })
  await page.close()
}

/** Resolves to what the first line of stdout that matches says. */
async function start(args, line) {
  const child = spawn(process.execPath, args, {
    cwd: checkout,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  started.push(child)
  let text = ''
  child.stdout.on('data', (chunk) => {
    text += chunk
  })
  while (!line.test(text)) await once(child.stdout, 'data')
  return line.exec(text)[1]
}
