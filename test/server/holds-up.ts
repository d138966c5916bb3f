// Targets that hold up their event loop in a known way, and what block and mutex profiles say of them.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import type { Profile } from '../../src/pprof/profile.ts'
import { type SpawnedTarget, spawnTarget } from '../fixtures/support/spawn-target.ts'
import { temporaryFolder } from '../proc/temporary-folder.ts'

/** `way`: see holds-up.cjs. */
export function spawnHoldsUp(t: Test, way: string, node?: string): Promise<SpawnedTarget> {
  const fifo = join(temporaryFolder(t), 'fifo')
  execFileSync('mkfifo', [fifo])
  return spawnTarget(t, 'holds-up.cjs', {
    nodeArguments: ['--inspect-port=0'],
    programArguments: [way, fifo],
    ...(node !== undefined && { node }),
  })
}

export interface Row {
  /** Functions without their modules, the leaf first. */
  readonly stack: readonly string[]
  readonly count: number
  readonly delayMs: number
  readonly labels: Readonly<Record<string, string>>
}

/** `path`: such as `block?seconds=2`. The rows have the longest delay first. */
export async function contentions(
  t: Test,
  app: FastifyInstance,
  { pid }: SpawnedTarget,
  path: string,
): Promise<{ readonly profile: Profile; readonly rows: readonly Row[] }> {
  const answer = await app.inject(`/targets/${pid}/debug/pprof/${path}`)
  t.equal(answer.statusCode, 200, answer.statusCode === 200 ? path : answer.body)
  t.same(checkValid(answer.rawPayload), [], path)
  const profile = decodeProfile(answer.rawPayload)
  const rows = profile.samples.map(({ stack, values, labels }) => ({
    stack: stack.map((location) => functionOf(location?.lines[0]?.function?.name ?? '')),
    count: values[0] ?? 0,
    delayMs: (values[1] ?? 0) / 1e6,
    labels: Object.fromEntries(labels.map(({ key, str }) => [key, str])),
  }))
  return { profile, rows: rows.sort((a, b) => b.delayMs - a.delayMs) }
}

export function totalMs(rows: readonly Row[]): number {
  return rows.reduce((sum, { delayMs }) => sum + delayMs, 0)
}

function functionOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}
