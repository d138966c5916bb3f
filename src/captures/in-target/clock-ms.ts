/**
 * Runs in the target, and is sent with all that does, see target-source.ts. Milliseconds since some moment:
 * `performance` would load a module of Node's at its first use, 1 to 4 ms of the target's time.
 */
export function clockMs(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1e3 + nanoseconds / 1e6
}
