/**
 * A profile in V8's own form again, as .cpuprofile files have it.
 * https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile
 */
import type { CpuProfile } from './cpu-profile.ts'

/** Nodes are numbered from 1, as V8 does. The ids of scripts are not known any more: `0`. */
export function cpuProfileText(profile: CpuProfile): Uint8Array {
  const { nodeCount, parents, frames, callFrames, hitCounts } = profile
  const children: number[][] = Array.from({ length: nodeCount }, () => [])
  for (let node = 0; node < nodeCount; node++) children[parents[node] ?? -1]?.push(node + 1)
  const nodes = children.map((ids, node) => ({
    id: node + 1,
    callFrame: { ...callFrames[frames[node] ?? -1], scriptId: '0' },
    hitCount: hitCounts[node] ?? 0,
    ...(ids.length > 0 && { children: ids }),
    ...positionTicks(profile, node),
  }))
  return Buffer.from(
    JSON.stringify({
      nodes,
      startTime: profile.startTimeUs,
      endTime: profile.endTimeUs,
      samples: Array.from(profile.samples, (node) => node + 1),
      timeDeltas: Array.from(profile.timeDeltasUs),
    }),
  )
}

function positionTicks({ tickStarts, tickLines, tickCounts }: CpuProfile, node: number): object {
  const from = tickStarts[node] ?? 0
  const to = tickStarts[node + 1] ?? 0
  if (from === to) return {}
  const lines = Array.from(tickLines.subarray(from, to))
  return { positionTicks: lines.map((line, at) => ({ line, ticks: tickCounts[from + at] })) }
}
