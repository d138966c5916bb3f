/** One window's CPU profile of one thread as samples with named frames. */
import type { CpuProfile } from '../cpu-profile.ts'
import { type Frame, Frames } from '../frame.ts'
import { type MergedNodes, mergeNodes } from '../merge-nodes.ts'
import { windowScript } from '../merge-profiles.ts'
import type { SourceLookup } from '../source-lookup.ts'
import type { SliceFrame } from './stack-slices.ts'

/** The frames of all threads of one window. */
export class WindowFrames {
  readonly #frames: Frames
  readonly #slices: SliceFrame[] = []

  constructor(workingDirectory: string, sources: SourceLookup | undefined) {
    this.#frames = new Frames(workingDirectory, sources)
  }

  /** Finds the stack of a node of the profile, outermost frame first; empty where the thread was idle. */
  stacksOf(profile: CpuProfile): (node: number) => readonly SliceFrame[] {
    const merged = mergeNodes(profile, this.#frames)
    const known: (readonly SliceFrame[] | undefined)[] = []
    return (node) => {
      const stack = merged.stackOf[node] ?? -1
      if (stack < 0) return []
      const frames = known[stack] ?? this.#path(merged, stack)
      known[stack] = frames
      return frames
    }
  }

  #path(merged: MergedNodes, stack: number): readonly SliceFrame[] {
    const path: SliceFrame[] = []
    for (let at = stack; at >= 0; at = merged.parents[at] ?? -1) {
      const index = merged.frames[at] ?? -1
      const frame = this.#frames.all[index]
      if (frame === undefined || frame.isIdle) return []
      this.#slices[index] ??= sliceOf(frame)
      // What it interrupted is below it.
      if (frame.file === windowScript) path.length = 0
      else path.push(this.#slices[index])
    }
    return path.reverse()
  }
}

/** Frames are numbered anew in each window, so names and places tell which are the same. */
function sliceOf({ name, file, line, origin }: Frame): SliceFrame {
  const at = line > 0 ? `${file}:${line}` : file
  return {
    key: `${name}\0${at}`,
    name,
    args: at === '' ? undefined : { at },
    isGarbageCollector: origin === 'native' && name === '(garbage collector)',
  }
}
