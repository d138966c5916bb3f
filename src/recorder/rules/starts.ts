/**
 * How often targets of a name have been started anew. A process that appears counts as a restart
 * where one of that name has ended since, so that a second worker of a service is none. Pure.
 */
export interface Starts {
  /** The runs of the processes of that name, as they were last seen. */
  readonly instances: readonly string[]
  /** Those that ended and have no successor yet. */
  readonly ended: number
  /** When successors started, in ms since the epoch, the oldest first. */
  readonly atMs: readonly number[]
  /** The run of the last of them; '' before there was one. */
  readonly last: string
}

/** The highest threshold that a rule may have. */
export const maxRestarts = 100
/** Of one name: a service with more processes is not watched for restarts beyond them. */
const maxInstances = 256

/** `seen`: the processes of that name that run now, with the time of their start. */
export function withSeen(
  before: Starts | undefined,
  seen: readonly { readonly instance: string; readonly startedAtMs: number }[],
): Starts {
  const now = seen.slice(0, maxInstances)
  const instances = now.map(({ instance }) => instance)
  if (before === undefined) return { instances, ended: 0, atMs: [], last: '' }
  const fresh = now.filter(({ instance }) => !before.instances.includes(instance))
  const gone = before.instances.filter((instance) => !instances.includes(instance)).length
  const successors = fresh
    .toSorted((a, b) => a.startedAtMs - b.startedAtMs)
    .slice(0, before.ended + gone)
  return {
    instances,
    ended: Math.min(maxInstances, before.ended + gone - successors.length),
    atMs: [...before.atMs, ...successors.map((one) => one.startedAtMs)].slice(-maxRestarts),
    last: successors.at(-1)?.instance ?? before.last,
  }
}

export function restartsIn({ atMs }: Starts, windowMs: number, nowMs: number): number {
  return atMs.filter((at) => nowMs - at <= windowMs).length
}
