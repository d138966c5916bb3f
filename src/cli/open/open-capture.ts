/** `--open`: shows a finished capture in the browser, by a page that ends when it was fetched. */
import { browserCommand, startBrowser, tunnelCommand } from './browser.ts'
import type { ShownCapture } from './one-shot-page.ts'

/** For yargs. */
export const openFlag = {
  type: 'boolean',
  description: 'Show it in the browser as well, by a short-lived page of this machine',
} as const

/** For a browser that was started, and for somebody who has to open a tunnel first. */
const browserMs = 60_000
const personMs = 300_000

export async function openCapture(capture: ShownCapture): Promise<void> {
  const { env, platform } = process
  const { openOneShotPage } = await import('./one-shot-page.ts')
  const page = await openOneShotPage(capture, readers(env))
  const end = () => page.close()
  for (const signal of signals) process.on(signal, end)
  let timer = setTimeout(end, browserMs)
  try {
    const command = browserCommand(env, platform, page.url)
    const started = command ? startBrowser(command) : Promise.resolve(false)
    const isStarted = await Promise.race([started, page.done])
    if (!isStarted) {
      clearTimeout(timer)
      timer = setTimeout(end, personMs)
      process.stderr.write(invitation(page.url, tunnelCommand(env, page.port)))
    }
    const isShown = await page.done
    const said = isShown ? 'the browser has it' : 'nobody has fetched it; the file is written'
    process.stderr.write(`${said}\n`)
  } finally {
    clearTimeout(timer)
    for (const signal of signals) process.off(signal, end)
  }
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

function invitation(url: string, tunnel: string): string {
  return (
    `open ${url}\n` +
    `from another machine, first: ${tunnel}\n` +
    `the page is there once, for ${personMs / 60_000} minutes; Ctrl-C ends it\n`
  )
}

/** Whoever runs this, root, and who became root by sudo. */
function readers(env: NodeJS.ProcessEnv): readonly number[] {
  const uid = process.getuid?.() ?? 0
  const before = uid === 0 ? Number(env.SUDO_UID ?? 0) : 0
  return [uid, 0, ...(Number.isInteger(before) ? [before] : [])]
}
