// One trace of a target, written and checked.
import type { Test } from 'tap'
import { recordTrace, type TraceOptions, type TraceRecording } from '../../src/captures/trace.ts'
import { defaultTraceCategories } from '../../src/captures/trace-categories.ts'
import type { FindSources } from '../../src/convert/source-lookup.ts'
import { ChromeTrace } from '../../src/convert/trace/chrome-trace.ts'
import type { Targets } from '../../src/targets/targets.ts'
import { type CheckedTrace, checkTrace } from '../fixtures/support/check-trace.ts'
import {
  type SpawnedTarget,
  type SpawnTargetOptions,
  spawnTarget,
} from '../fixtures/support/spawn-target.ts'
import { targetOf } from '../targets/new-targets.ts'

/** test/fixtures/targets/traced.cjs; its inspector opens on a free port. */
export function spawnTraced(
  t: Test,
  options: Pick<SpawnTargetOptions, 'node' | 'programArguments'> = {},
): Promise<SpawnedTarget> {
  return spawnTarget(t, 'traced.cjs', { nodeArguments: ['--inspect-port=0'], ...options })
}

export interface Traced {
  readonly recording: TraceRecording
  readonly trace: CheckedTrace
  /** Bytes of each window's text. */
  readonly windowSizes: readonly number[]
}

export async function traceOf(
  targets: Targets,
  spawned: { readonly pid: number },
  options: Partial<TraceOptions> = {},
  findSources?: FindSources,
): Promise<Traced> {
  const writers: ChromeTrace[] = []
  const parts: Uint8Array[] = []
  const recording = await recordTrace(targets, await targetOf(targets, spawned), {
    durationMs: 1000,
    hz: 100,
    categories: [...defaultTraceCategories, 'node.http'],
    onStart: (start) => {
      const writer = new ChromeTrace(start, findSources)
      writers.push(writer)
      parts.push(writer.head())
    },
    write: async (window) => {
      for (const writer of writers) parts.push(await writer.window(window))
    },
    ...options,
  })
  const windowSizes = parts.slice(1).map(({ length }) => length)
  for (const writer of writers) parts.push(writer.end(recording))
  return { recording, trace: checkTrace(Buffer.concat(parts).toString()), windowSizes }
}
