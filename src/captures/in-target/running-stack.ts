/** Runs in the target, see target-source.ts: what its thread does at this moment. */
import { clockMs } from './clock-ms.ts'
import { callSites, type RawFrame, rawFrame } from './stack-frames.ts'

export interface RawStack {
  readonly frames: readonly RawFrame[]
  /** The stack has more frames than were asked for. */
  readonly elided: boolean
  readonly costMs: number
  /** The thread as it calls itself: `PID/task/TID` in its own pid namespace; '' where unknown. */
  readonly self: string
}

export function runningStack(maxFrames: number, readSelf: boolean): RawStack {
  const startedMs = clockMs()
  // One frame more shows whether there are more; two are the evaluated code itself.
  const sites = callSites(runningStack, maxFrames + 3).slice(2)
  const frames = sites.slice(0, maxFrames).map(rawFrame)
  const self = readSelf ? threadSelf() : ''
  return { frames, elided: sites.length > maxFrames, costMs: clockMs() - startedMs, self }
}

/** A system call of about 5 us. */
export function threadSelf(): string {
  try {
    // Unlike `require`, it is there in every program and under every Node.
    const fs = process.getBuiltinModule?.('node:fs') ?? require('node:fs')
    return fs.readlinkSync('/proc/thread-self')
  } catch {
    return ''
  }
}
