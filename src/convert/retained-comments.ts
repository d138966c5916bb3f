/** What a profile out of a heap snapshot says of its making: `go tool pprof -comments`. */

export interface SnapshotCost {
  /** Size of the snapshot's JSON. */
  readonly bytes: number
  /** How long the target stood still; an upper bound. */
  readonly pauseMs: number
  readonly target: { readonly name: string; readonly pid: number; readonly nodeVersion: string }
}

export function retainedComments({ bytes, pauseMs, target }: SnapshotCost): readonly string[] {
  const { name, pid, nodeVersion } = target
  return [
    `heap snapshot of ${name} (pid ${pid}, Node ${nodeVersion}), main thread, after a garbage collection`,
    `${bytes} bytes of JSON, which stopped the target for at most ${Math.ceil(pauseMs)} ms`,
  ]
}
