/** Which program shows a URL, or why none can and what to do instead. */
import { spawn } from 'node:child_process'
import { hostname, userInfo } from 'node:os'

/** Undefined where there is no screen to show it on: over ssh, or without a display. */
export function browserCommand(
  env: NodeJS.ProcessEnv,
  platform: NodeJS.Platform,
  url: string,
): readonly [file: string, ...args: string[]] | undefined {
  // Several are separated by colons, as xdg-open has it; a `%s` stands for the URL.
  const [first = ''] = (env.BROWSER ?? '').split(':')
  const [file, ...args] = first.split(' ').filter(Boolean)
  if (file !== undefined) {
    const hasPlace = args.some((one) => one.includes('%s'))
    return [file, ...args.map((one) => one.replace('%s', () => url)), ...(hasPlace ? [] : [url])]
  }
  if (env.SSH_CONNECTION || env.SSH_TTY) return undefined
  if (platform === 'darwin') return ['open', url]
  if (platform !== 'linux' || !(env.DISPLAY || env.WAYLAND_DISPLAY)) return undefined
  return ['xdg-open', url]
}

/** Resolves to false where it could not be started, or failed at once; the browser lives on by itself. */
export function startBrowser([file, ...args]: readonly [string, ...string[]]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(file, args, { detached: true, stdio: 'ignore' })
    child.once('error', () => resolve(false))
    child.once('exit', (code) => resolve(code === 0))
    child.once('spawn', () => setTimeout(() => resolve(true), failsWithinMs).unref())
    child.unref()
  })
}

/** xdg-open that finds no browser ends at once; one that is a browser stays. */
const failsWithinMs = 1500

/** How to reach the page from another machine: through a tunnel to the same port there. */
export function tunnelCommand(env: NodeJS.ProcessEnv, port: number): string {
  const [, , address = ''] = (env.SSH_CONNECTION ?? '').split(' ')
  const host = /^[\da-f.:]+$/i.test(address) ? address : hostname()
  return `ssh -N -L ${port}:127.0.0.1:${port} ${userInfo().username}@${host}`
}
