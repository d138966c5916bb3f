// Two busy processes, of which one runs V8's profiler in itself, and then the other: it is started once, and
// nobody takes its windows. As recorded-twins.mjs without a daemon.
import { startTwins, workAWhile } from './busy-process.mjs'

/** The twins rest until they are asked to work. Without an interval nothing is done to either. */
export async function startSampledTwins(kind, intervalMicros) {
  const twins = await startTwins(kind)
  let sampled
  return {
    twins,
    /** Samples this one, and only this one. */
    record: async (index) => {
      if (intervalMicros === undefined) return
      await sampled?.send({ v8: 'stop' })
      sampled = twins[index]
      await sampled.send({ v8: 'start', intervalMicros })
      await workAWhile(twins)
    },
    stop: () => Promise.all(twins.map((twin) => twin.stop())),
  }
}
