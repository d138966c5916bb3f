import t from 'tap'
import { parseCpuProfile } from '../../src/convert/cpu-profile.ts'
import { cpuProfileText } from '../../src/convert/cpu-profile-text.ts'
import { mergeProfiles } from '../../src/convert/merge-profiles.ts'
import { parseThreadProfile, threadProfileText } from '../../src/convert/thread-profile.ts'

interface Node {
  readonly name: string
  readonly url?: string
  readonly children?: readonly number[]
  readonly hits?: number
  readonly ticks?: readonly { readonly line: number; readonly ticks: number }[]
}

/** Nodes are numbered from 1; samples are [node, time]. */
function window(
  startTime: number,
  endTime: number,
  nodes: readonly Node[],
  samples: readonly (readonly [node: number, atUs: number])[],
): Uint8Array {
  const text = JSON.stringify({
    nodes: nodes.map(({ name, url = 'file:///a.js', children, hits = 0, ticks }, index) => ({
      id: index + 1,
      callFrame: { functionName: name, scriptId: '1', url, lineNumber: 0, columnNumber: 0 },
      hitCount: hits,
      children,
      positionTicks: ticks,
    })),
    startTime,
    endTime,
    samples: samples.map(([node]) => node),
    timeDeltas: samples.map(([, atUs], index) => atUs - (samples[index - 1]?.[1] ?? startTime)),
  })
  return Buffer.from(text)
}

const root = { name: '(root)', url: '' }
const first = window(
  1000,
  40_000,
  [
    { ...root, children: [2] },
    { name: 'a', children: [3], hits: 1, ticks: [{ line: 4, ticks: 1 }] },
    { name: 'b', hits: 2, ticks: [{ line: 7, ticks: 2 }] },
  ],
  [
    [2, 10_000],
    [3, 20_000],
    [3, 30_000],
  ],
)
const second = window(
  29_000,
  60_000,
  [
    { ...root, children: [2, 4] },
    { name: 'a', children: [3], hits: 0 },
    {
      name: 'b',
      children: [5],
      hits: 3,
      ticks: [
        { line: 7, ticks: 2 },
        { line: 8, ticks: 1 },
      ],
    },
    { name: '(idle)', url: '', hits: 1 },
    { name: 'profile', url: 'pprofd:window', hits: 1, ticks: [{ line: 1, ticks: 1 }] },
  ],
  [
    // The profiler's own first sample is no tick; the next one is in the first window, too.
    [2, 29_000],
    [3, 30_000],
    [3, 41_000],
    [5, 45_000],
    [3, 50_000],
    [4, 55_000],
  ],
)

t.test('windows become one profile, in which nothing counts twice', async (t) => {
  const merged = mergeProfiles([first, second].map(parseCpuProfile))
  const names = Array.from(merged.frames, (frame) => merged.callFrames[frame]?.functionName)
  t.strictSame(names, ['(root)', 'a', 'b', '(idle)'])
  t.strictSame([...merged.parents], [-1, 0, 1, 0])
  let clockUs = merged.startTimeUs
  const samples = Array.from(merged.samples, (node, index) => {
    clockUs += merged.timeDeltasUs[index] ?? 0
    return [names[node], clockUs]
  })
  t.strictSame(samples, [
    ['a', 10_000],
    ['b', 20_000],
    ['b', 30_000],
    ['b', 41_000],
    // What our own code interrupted stands for it.
    ['b', 45_000],
    ['b', 50_000],
    ['(idle)', 55_000],
  ])
  t.strictSame([merged.startTimeUs, merged.endTimeUs], [1000, 60_000])
  t.strictSame([...merged.hitCounts], [0, 1, 5, 1])
  const ticks = [2, 3].map((at) => [merged.tickStarts[at], merged.tickStarts[at + 1]])
  t.strictSame(ticks, [
    [1, 4],
    [4, 4],
  ])
  const lines = [...merged.tickLines].map((line, at) => [line, merged.tickCounts[at]])
  t.strictSame(lines, [
    [4, 1],
    [7, 3],
    [8, 1],
    [1, 1],
  ])
})

t.test('our own code in an idle loop leaves no sample', async (t) => {
  const idle = window(
    0,
    30_000,
    [
      { ...root, children: [2, 3] },
      { name: '(idle)', url: '', hits: 2 },
      { name: 'profile', url: 'pprofd:window', hits: 1 },
    ],
    [
      [2, 10_000],
      [3, 20_000],
      [2, 25_000],
    ],
  )
  const merged = mergeProfiles([parseCpuProfile(idle)])
  t.strictSame([...merged.samples], [1, 1])
  t.strictSame([...merged.timeDeltasUs], [10_000, 15_000])
})

t.test("a profile in V8's form reads as what it was written of", async (t) => {
  const merged = mergeProfiles([first, second].map(parseCpuProfile))
  t.strictSame(parseCpuProfile(cpuProfileText(merged)), merged)
})

t.test('a thread that was recorded in one piece stays as V8 sent it', async (t) => {
  t.equal(threadProfileText({ profileJson: first }), first)
  t.strictSame(parseThreadProfile({ profileJson: first }), parseCpuProfile(first))
  const text = threadProfileText({ profileJson: first, laterWindows: [second] })
  t.equal(parseCpuProfile(text).samples.length, 7)
})
