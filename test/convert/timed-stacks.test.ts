import t from 'tap'
import { parseCpuProfile } from '../../src/convert/cpu-profile.ts'
import { tickCount, timedStacks } from '../../src/convert/timed-stacks.ts'

const names = ['(root)', '(idle)', 'outer', 'inner', '', '(program)']

/** Nodes 1 to 6 are (root), (idle), outer, inner in outer, code of pprofd, (program). */
function profileOf(samples: readonly number[], timeDeltas: readonly number[], startTime: number) {
  const node = (id: number, url: string, children: readonly number[] = []) => ({
    id,
    callFrame: { functionName: names[id - 1], url, lineNumber: url ? id : -1, columnNumber: -1 },
    hitCount: samples.filter((sample) => sample === id).length,
    children,
  })
  const nodes = [
    node(1, '', [2, 3, 5, 6]),
    node(2, ''),
    node(3, '/app.js', [4]),
    node(4, '/app.js'),
    node(5, 'pprofd:cpu-windows'),
    node(6, ''),
  ]
  const endTime = startTime + timeDeltas.reduce((sum, delta) => sum + delta, 0) + 10_000
  const profile = { nodes, samples, timeDeltas, startTime, endTime }
  return parseCpuProfile(Buffer.from(JSON.stringify(profile)))
}

const options = { samplingIntervalUs: 10_000, fromUs: 0, withOwn: false }

function stacksOf(profile: ReturnType<typeof profileOf>, changes: object = {}) {
  const shown = profile.callFrames.map(({ functionName }) =>
    functionName === '(root)' ? '' : functionName || 'profile',
  )
  return [...timedStacks(profile, { ...options, names: shown, ...changes })].map(
    ({ startUs, state, stack }) => [startUs, state, stack.join(' < ')],
  )
}

t.test('tells what a thread did from when on', (t) => {
  const profile = profileOf([2, 3, 4, 6], [10_000, 10_000, 10_000, 10_000], 1_000_000)
  t.strictSame(stacksOf(profile), [
    [1_010_000, 'idle', ''],
    [1_020_000, 'running', 'outer'],
    [1_030_000, 'running', 'inner < outer'],
    [1_040_000, 'running', '(program)'],
  ])
  t.equal(tickCount(profile), 4)
  t.end()
})

t.test('what pprofd did there is not known of it, unless that is wanted', (t) => {
  const profile = profileOf([3, 5, 3], [10_000, 10_000, 10_000], 0)
  t.match(stacksOf(profile)[1], [20_000, undefined, ''])
  t.match(stacksOf(profile, { withOwn: true })[1], [20_000, 'running', 'profile'])
  t.end()
})

t.test('what no sample stands for is not known', (t) => {
  // A sample stands for 100 ms at most.
  const profile = profileOf([3, 3], [10_000, 500_000], 0)
  t.strictSame(stacksOf(profile), [
    [10_000, 'running', 'outer'],
    [110_000, undefined, ''],
    [510_000, 'running', 'outer'],
  ])
  t.end()
})

t.test('what the window before has told is not told again', (t) => {
  // The first sample is of the call that began the window.
  const profile = profileOf([5, 3, 4], [100, 9_900, 10_000], 1_000_000)
  t.strictSame(stacksOf(profile, { fromUs: 1_000_300 }), [
    [1_010_000, 'running', 'outer'],
    [1_020_000, 'running', 'inner < outer'],
  ])
  t.strictSame(stacksOf(profile, { fromUs: 1_012_000 }), [
    [1_012_000, 'running', 'outer'],
    [1_020_000, 'running', 'inner < outer'],
  ])
  t.strictSame(stacksOf(profile, { fromUs: 9_000_000 }), [])
  t.end()
})
