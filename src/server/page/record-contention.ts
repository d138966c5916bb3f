/** Block and mutex profiles for the page. */
import { recordContention } from '../../captures/contention.ts'
import type { ContentionName } from '../../convert/contention.ts'
import { encodeBlock, encodeMutex } from '../../convert/contention-formats.ts'
import { defaultThresholdMs } from '../routes/contention.ts'
import { targetSources } from '../target-sources.ts'
import { checkAwaited, type Record, ready } from './recorded.ts'

export function recordContentionForPage(name: ContentionName): Record {
  return async (context, target, { seconds, force }, signal) => {
    const { targets, limits, profile, sources } = context
    const recording = await recordContention(targets, target, {
      kind: name,
      durationMs: seconds * 1000,
      hz: profile.hz,
      maxPauseMs: force ? undefined : limits.maxPauseMs,
      signal,
    })
    checkAwaited(signal)
    const findSources = targetSources(context, recording.target, sources.sourceMaps)
    const encoded = (form: 'pprof' | 'text') =>
      name === 'block'
        ? encodeBlock(recording, { form, findSources })
        : encodeMutex(recording, defaultThresholdMs, { form, findSources })
    const [pprof, text] = [await encoded('pprof'), await encoded('text')]
    const base = `${name}-${recording.target.pid}`
    const { attachMs, startPauseMs, stopPauseMs, openedInspector, missing } = recording
    const pauseMs = Math.max(startPauseMs, stopPauseMs)
    return {
      cost: { attachMs, startPauseMs, stopPauseMs, pauseMs, openedInspector },
      files: [
        { ...pprof, name: `${base}.pb.gz`, label: 'pprof', encode: ready(pprof.bytes) },
        { ...text, name: `${base}.txt`, label: "Go's text", encode: ready(text.bytes) },
      ].map(({ name, label, contentType, encode }) => ({ name, label, contentType, encode })),
      sizeBytes: pprof.bytes.byteLength + text.bytes.byteLength,
      missing,
    }
  }
}
