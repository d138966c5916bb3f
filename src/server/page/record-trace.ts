/** A trace for the page: what the route streams is kept here until it is whole. */
import { recordTrace } from '../../captures/trace.ts'
import { defaultTraceCategories } from '../../captures/trace-categories.ts'
import { ChromeTrace } from '../../convert/trace/chrome-trace.ts'
import { CaptureError } from '../../errors.ts'
import { targetSources } from '../target-sources.ts'
import { checkAwaited, type Record, ready } from './recorded.ts'

/** A busy service writes some 2 MB a second; a browser takes half a minute to draw this much. */
const maxTraceBytes = 64 * 1024 * 1024

export const recordTraceForPage: Record = async (context, target, { seconds, force }, signal) => {
  const { targets, limits, profile, sources } = context
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  const keep = (bytes: Uint8Array) => {
    sizeBytes += bytes.byteLength
    if (sizeBytes > maxTraceBytes) throw tooLong()
    chunks.push(bytes)
  }
  const traces: ChromeTrace[] = []
  const recording = await recordTrace(targets, target, {
    durationMs: seconds * 1000,
    hz: profile.hz,
    categories: defaultTraceCategories,
    force,
    maxPauseMs: force ? undefined : limits.maxPauseMs,
    signal,
    onStart: async (start) => {
      const find = targetSources(context, start.target, sources.sourceMaps)
      const trace = new ChromeTrace(start, find)
      traces.push(trace)
      keep(trace.head())
    },
    write: async (window) => {
      for (const trace of traces) keep(await trace.window(window))
    },
  })
  checkAwaited(signal)
  for (const trace of traces) keep(trace.end(recording))
  const { attachMs, startPauseMs, longestPauseMs, openedInspector, droppedCount } = recording
  const pauseMs = Math.max(startPauseMs, longestPauseMs)
  return {
    cost: { attachMs, startPauseMs, longestPauseMs, pauseMs, openedInspector, droppedCount },
    nodeVersion: recording.target.nodeVersion,
    files: [
      {
        name: `trace-${target.pid}.json`,
        label: 'Chrome trace',
        contentType: 'application/json; charset=utf-8',
        encode: ready(Buffer.concat(chunks)),
      },
    ],
    sizeBytes,
  }
}

function tooLong(): CaptureError {
  return new CaptureError(
    'capture-too-costly',
    `the trace has more than ${maxTraceBytes / 2 ** 20} MiB, too much for the page; record fewer seconds, or stream it into a file: pprofd trace`,
  )
}
