/**
 * pprofd is a Node itself, and whoever opens its inspector has all that it may do. It takes SIGUSR1 away
 * from Node, keeps NODE_OPTIONS from its children, and its daemon does not run with an inspector open.
 */
import { InputError } from './errors.ts'

/** NODE_OPTIONS that run somebody else's code before ours. */
const preloading = /(?:^|\s|")(?:-r|--require|--import|--loader|--experimental-loader)(?==|\s|$)/

/**
 * The first thing that runs. Node's own handler of SIGUSR1, which opens the inspector, is there before any
 * JavaScript is; ours replaces it. In the milliseconds between, a signal of the same user or of root does
 * open it: `refuseInspector` finds that, and the unit file's `--disable-sigusr1` leaves none.
 */
export function closeOwnDoor(env: Record<string, string | undefined> = process.env): void {
  process.on('SIGUSR1', ignore)
  if (env.NODE_OPTIONS === undefined) return
  // A preload may put its own code into whatever starts children; that there was one stays known.
  if (preloading.test(env.NODE_OPTIONS)) env.NODE_OPTIONS = ''
  else delete env.NODE_OPTIONS
}

/** @throws {InputError} config-invalid, where our inspector is open, whoever opened it. */
export function refuseInspector(): void {
  // Some builds of Node have none.
  if (!process.features.inspector) return
  const url = process.getBuiltinModule('node:inspector').url()
  if (url === undefined) return
  throw new InputError(
    'config-invalid',
    `pprofd serve does not run with its own inspector open (${url}), through which every user of this machine could run code in it; start it without --inspect, also in NODE_OPTIONS`,
    { tryNext: 'env -u NODE_OPTIONS pprofd serve' },
  )
}

function ignore(): void {}
