/**
 * How long a CPU profile's start will stop the target, judged from outside: V8 walks the whole heap
 * to list its code. Measured: 1 ms a MB of plain data (840 ms at 800 MB) to 4.3 ms a MB where most of
 * it is functions (550 ms with 100,000 of them in 129 MB), and 6 to 45 ms for a small program.
 */
export interface PauseEstimate {
  readonly fromMs: number
  readonly toMs: number
}

const smallProgramMs = { from: 5, to: 45 } as const
const dataMsPerMb = 1
const codeMsPerMb = 4.3

/** A fresh Node has about this much, none of it worth a pause. */
const emptyHeapMb = 8

/** `anonymousBytes`: resident memory that no file backs, which holds the heaps of all threads. */
export function estimatePause(anonymousBytes: number): PauseEstimate {
  const heapMb = Math.max(0, anonymousBytes / 1e6 - emptyHeapMb)
  return {
    fromMs: Math.round(smallProgramMs.from + heapMb * dataMsPerMb),
    toMs: Math.round(smallProgramMs.to + heapMb * codeMsPerMb),
  }
}
