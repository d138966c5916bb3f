/** CLOCK_MONOTONIC in microseconds: what V8 stamps samples with, in every process of a machine. */
export function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1000n)
}
