// Targets and requests of the end-to-end tests.
import type { Test } from 'tap'
import {
  type SpawnedTarget,
  type SpawnTargetOptions,
  spawnTarget,
} from '../fixtures/support/spawn-target.ts'

/**
 * A target whose inspector will open on a free port: test files run side by side, and only one
 * process of a machine can have the default 9229.
 */
export function spawnProfilable(
  t: Test,
  program: string,
  options: SpawnTargetOptions = {},
): Promise<SpawnedTarget> {
  const nodeArguments = ['--inspect-port=0', ...(options.nodeArguments ?? [])]
  return spawnTarget(t, program, { ...options, nodeArguments })
}

/** `query` such as `seconds=2&hz=1000`. */
export function profileUrl(
  daemonUrl: string,
  target: { readonly pid: number } | string,
  query: string,
): string {
  const name = typeof target === 'string' ? target : target.pid
  return `${daemonUrl}/targets/${name}/debug/pprof/profile?${query}`
}

/** An answer read to its end. `Connection: close`, so that no idle connection outlives a test. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Uint8Array
  readonly text: string
}

export async function get(url: string, init: RequestInit = {}): Promise<Answer> {
  const headers = { connection: 'close', ...init.headers }
  const response = await fetch(url, { ...init, headers })
  const bytes = new Uint8Array(await response.arrayBuffer())
  const text = Buffer.from(bytes).toString()
  return { status: response.status, headers: response.headers, bytes, text }
}

/** Polls until `holds`; throws, naming `what`, after `timeoutMs`. Resolves to the time it took. */
export async function until(
  what: string,
  holds: () => Promise<boolean> | boolean,
  timeoutMs = 10_000,
): Promise<number> {
  const begin = performance.now()
  while (!(await holds())) {
    if (performance.now() - begin > timeoutMs) throw new Error(`${what}: not in ${timeoutMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return performance.now() - begin
}
