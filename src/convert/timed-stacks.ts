/** The samples of one window of a thread's CPU profile as what it did from when on. */
import type { CpuProfile } from './cpu-profile.ts'
import { eachSample } from './sample-spans.ts'

export interface TimedStack {
  /** On V8's clock. */
  readonly startUs: number
  /** Undefined: what it did is not known, or not to be shown. */
  readonly state: 'running' | 'idle' | undefined
  /** Names, the leaf first; empty unless it was running. */
  readonly stack: readonly string[]
}

export interface TimedStackOptions {
  readonly samplingIntervalUs: number
  /** By index of the profile's call frames; empty for what is no function. */
  readonly names: readonly string[]
  /** Where the window before ended: what came before is told already; 0 for the first window. */
  readonly fromUs: number
  /** Whether samples of pprofd's own code are shown. */
  readonly withOwn: boolean
}

const nothing = { state: undefined, stack: [] } as const

/** In order of time. What no sample stands for is told as not known. */
export function* timedStacks(
  profile: CpuProfile,
  options: TimedStackOptions,
): Generator<TimedStack, void, undefined> {
  const { samplingIntervalUs, fromUs } = options
  const nodes: number[] = []
  const starts: number[] = []
  const ends: number[] = []
  eachSample(profile, samplingIntervalUs, (node, durationUs, startUs) => {
    nodes.push(node)
    starts.push(startUs)
    ends.push(startUs + durationUs)
  })
  const what = describer(profile, options)
  let shownUntilUs = fromUs
  for (const [index, node] of nodes.entries()) {
    const [startUs = 0, endUs = 0, beforeUs = startUs] = [
      starts[index],
      ends[index],
      ends[index - 1],
    ]
    // Its last moment may be the next window's as well.
    if (endUs <= shownUntilUs) continue
    const described = what(node)
    // V8 takes one sample at the start itself: the call that starts it, which took no time.
    if (index === 0 && described === undefined && fromUs > 0) continue
    if (startUs > beforeUs) yield { startUs: Math.max(beforeUs, shownUntilUs), ...nothing }
    yield { startUs: Math.max(startUs, shownUntilUs), ...(described ?? nothing) }
    shownUntilUs = endUs
  }
  const lastUs = ends.at(-1) ?? profile.endTimeUs
  if (lastUs < profile.endTimeUs) yield { startUs: Math.max(lastUs, shownUntilUs), ...nothing }
}

/** How many ticks of the sampler there were, idle ones included. */
export function tickCount({ hitCounts }: CpuProfile): number {
  return hitCounts.reduce((sum, hits) => sum + hits, 0)
}

type Described = Pick<TimedStack, 'state' | 'stack'> | undefined

/** What a node means; undefined: pprofd's own code. Each is looked at once, as samples repeat. */
function describer(
  { parents, frames, callFrames }: CpuProfile,
  { names, withOwn }: TimedStackOptions,
): (node: number) => Described {
  const known = new Map<number, Described>()
  const isOwn = callFrames.map(({ url }) => url.startsWith('pprofd:'))
  const describe = (leaf: number): Described => {
    const stack: string[] = []
    for (let at = leaf; at >= 0; at = parents[at] ?? -1) {
      const frame = frames[at] ?? -1
      if (isOwn[frame] && !withOwn) return undefined
      const name = names[frame] ?? ''
      if (name !== '') stack.push(name)
    }
    const { functionName = '', url = '' } = callFrames[frames[leaf] ?? -1] ?? {}
    if (functionName === '(idle)' && url === '') return { state: 'idle', stack: [] }
    return { state: 'running', stack }
  }
  return (node) => {
    if (!known.has(node)) known.set(node, describe(node))
    return known.get(node)
  }
}
