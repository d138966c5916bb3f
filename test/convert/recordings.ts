/** Recordings of fixtures and of made-up profiles, as the captures would hand them over. */
import { readFileSync } from 'node:fs'
import type { CpuRecording } from '../../src/convert/cpu-recording.ts'

export function recordingOf(
  profiles: Readonly<Record<string, Uint8Array>>,
  changes: Partial<CpuRecording> = {},
): CpuRecording {
  return {
    threads: Object.entries(profiles).map(([thread, profileJson]) => {
      return { pid: 4711, thread, profileJson }
    }),
    target: {
      pid: 4711,
      name: 'shop',
      nodeVersion: 'v20.20.2',
      executable: '/usr/bin/node',
      workingDirectory: '/srv/shop',
    },
    startedAtMs: 1_800_000_000_000.25,
    askedDurationMs: 600,
    askedHz: 200,
    samplingIntervalUs: 5000,
    startPauseMs: 12.34,
    stopPauseMs: 3,
    attachMs: 80,
    openedInspector: true,
    ...changes,
  }
}

/** The CPU profiles in test/fixtures/cpu were recorded by Node's own profiler, at 200 Hz. */
export function fixture(name: string): Uint8Array {
  return readFileSync(new URL(`../fixtures/cpu/${name}.cpuprofile`, import.meta.url))
}

export const fixtureNames = ['node18', 'node20', 'node24', 'node26', 'idle'] as const

export interface NodeSketch {
  readonly name: string
  readonly url?: string
  readonly line?: number
  readonly hits?: number
  readonly ticks?: Readonly<Record<number, number>>
  readonly calls?: readonly NodeSketch[]
}

/** A profile of the call tree under `(root)`, sampled every 10 ms, each node as often as it has hits. */
export function profileOf(...tree: readonly NodeSketch[]): Uint8Array {
  const nodes: unknown[] = []
  const samples: number[] = []
  const add = ({ name, url = '', line = -1, hits = 0, ticks, calls = [] }: NodeSketch): number => {
    const id = nodes.length + 1
    const node: Record<string, unknown> = {
      id,
      callFrame: { functionName: name, scriptId: '1', url, lineNumber: line, columnNumber: line },
      hitCount: hits,
    }
    nodes.push(node)
    for (let hit = 0; hit < hits; hit++) samples.push(id)
    const children = calls.map(add)
    if (children.length > 0) node.children = children
    if (ticks) {
      node.positionTicks = Object.entries(ticks).map(([at, count]) => {
        return { line: Number(at), ticks: count }
      })
    }
    return id
  }
  add({ name: '(root)', calls: tree })
  const timeDeltas = samples.map(() => 10_000)
  const endTime = 1_000_000 + (samples.length + 1) * 10_000
  return Buffer.from(JSON.stringify({ nodes, startTime: 1_000_000, endTime, samples, timeDeltas }))
}
