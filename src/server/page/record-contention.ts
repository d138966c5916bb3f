/** Block and mutex profiles for the page. */
import { recordContention } from '../../captures/contention.ts'
import type { ContentionName } from '../../convert/contention.ts'
import type { Converted } from '../conversion/conversion-job.ts'
import { defaultThresholdMs } from '../routes/contention.ts'
import { askOnce, targetAnswers } from '../target-sources.ts'
import { checkAwaited, type Record, type ResultFile, ready } from './recorded.ts'

export function recordContentionForPage(name: ContentionName): Record {
  return async (context, target, { seconds, force, pprofOnly }, signal) => {
    const { targets, limits, profile, sources, conversions } = context
    const recording = await recordContention(targets, target, {
      kind: name,
      durationMs: seconds * 1000,
      hz: profile.hz,
      maxPauseMs: force ? undefined : limits.maxPauseMs,
      signal,
    })
    checkAwaited(signal)
    const ask = askOnce(targetAnswers(context, recording.target, sources.sourceMaps))
    const encoded = (form: 'pprof' | 'text') => {
      const wish = { recording, form, comments: [] }
      return conversions.run(
        name === 'block'
          ? { ...wish, kind: name }
          : { ...wish, kind: name, thresholdMs: defaultThresholdMs },
        ask,
      )
    }
    const pprof = await encoded('pprof')
    const text = pprofOnly ? undefined : await encoded('text')
    const base = `${name}-${recording.target.pid}`
    const { attachMs, startPauseMs, stopPauseMs, openedInspector, missing } = recording
    const pauseMs = Math.max(startPauseMs, stopPauseMs)
    return {
      cost: { attachMs, startPauseMs, stopPauseMs, pauseMs, openedInspector },
      nodeVersion: recording.target.nodeVersion,
      files: [
        file(`${base}.pb.gz`, 'pprof', pprof),
        ...(text ? [file(`${base}.txt`, "Go's text", text)] : []),
      ],
      sizeBytes: pprof.bytes.byteLength + (text?.bytes.byteLength ?? 0),
      missing,
    }
  }
}

function file(name: string, label: string, { contentType, bytes }: Converted): ResultFile {
  return { name, label, contentType, encode: ready(bytes) }
}
