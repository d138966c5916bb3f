/** Block and mutex profiles for the page. */
import { recordContention } from '../../captures/contention.ts'
import type { ContentionName } from '../../convert/contention.ts'
import {
  type EncodedContentions,
  encodeBlock,
  encodeMutex,
} from '../../convert/contention-formats.ts'
import { defaultThresholdMs } from '../routes/contention.ts'
import { targetSources } from '../target-sources.ts'
import { checkAwaited, type Record, type ResultFile, ready } from './recorded.ts'

export function recordContentionForPage(name: ContentionName): Record {
  return async (context, target, { seconds, force, pprofOnly }, signal) => {
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

function file(name: string, label: string, { contentType, bytes }: EncodedContentions): ResultFile {
  return { name, label, contentType, encode: ready(bytes) }
}
