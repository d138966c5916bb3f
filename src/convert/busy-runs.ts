/**
 * Runs of samples without idle: as long as one lasts the thread holds its event loop, and everything
 * else that is for it waits. V8 tells idle by marks that Node sets around the loop's wait for events; of
 * a wait that falls between two samples a look from outside tells.
 */
import { childWaits } from './child-waits.ts'
import type { CpuStacks, ThreadStacks } from './cpu-stacks.ts'
import { eachSample } from './sample-spans.ts'
import { isPoll, type ThreadLook } from './thread-looks.ts'

export interface BusyRun {
  /** Without time that no sample stands for. */
  readonly durationUs: number
  /** Time of each stack in it, in order of appearance. */
  readonly stackUs: ReadonlyMap<number, number>
  /** It had begun when recording began, or had not ended when it ended. */
  readonly isOpen: boolean
}

/** All runs of a thread in order of time; a wait that neither sample nor look hits is missed. */
export function busyRuns(
  thread: ThreadStacks,
  { frames, recording }: CpuStacks,
  looks: readonly ThreadLook[],
): readonly BusyRun[] {
  const runs = new Runs()
  const forChildren = childWaits(thread, frames)
  const rests = looks.filter(({ isAsleep, wait }) => isAsleep && isPoll(wait ?? ''))
  let at = 0
  /** A rest behind the sample before counts only if this one, too, is of no wait for a child. */
  let pending:
    | { readonly stack: number; readonly us: number; readonly untilRestUs: number }
    | undefined
  const settle = (isRest: boolean) => {
    if (!pending) return
    const { stack, us, untilRestUs } = pending
    pending = undefined
    runs.add(stack, isRest ? Math.min(us, untilRestUs) : us)
    if (isRest) runs.end()
  }
  eachSample(thread.profile, recording.samplingIntervalUs, (node, durationUs, startUs) => {
    const stack = thread.stackOf[node] ?? -1
    // V8's `(root)`: no stack was found, which says neither idle nor busy.
    if (stack < 0) return
    settle(forChildren[stack] !== 1)
    if (frames[thread.frames[stack] ?? -1]?.isIdle) {
      runs.end()
      return
    }
    while ((rests[at]?.atUs ?? Number.POSITIVE_INFINITY) < startUs) at++
    const untilRestUs = (rests[at]?.atUs ?? Number.POSITIVE_INFINITY) - startUs
    if (untilRestUs < durationUs && forChildren[stack] !== 1)
      pending = { stack, us: durationUs, untilRestUs }
    else runs.add(stack, durationUs)
  })
  settle(true)
  return runs.finish()
}

class Runs {
  readonly #done: BusyRun[] = []
  #stackUs = new Map<number, number>()
  #hasSeenRest = false

  add(stack: number, us: number): void {
    this.#stackUs.set(stack, (this.#stackUs.get(stack) ?? 0) + us)
  }

  /** The thread rests. */
  end(): void {
    this.#close(!this.#hasSeenRest)
    this.#hasSeenRest = true
  }

  finish(): readonly BusyRun[] {
    this.#close(true)
    return this.#done
  }

  #close(isOpen: boolean): void {
    const stackUs = this.#stackUs
    const durationUs = [...stackUs.values()].reduce((sum, us) => sum + us, 0)
    if (durationUs > 0) this.#done.push({ durationUs, stackUs, isOpen })
    this.#stackUs = new Map()
  }
}
