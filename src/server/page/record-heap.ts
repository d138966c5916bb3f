/** Sampled allocations for the page: what was allocated while it recorded, and lives or not. */
import type { HeapProfileName } from '../../convert/heap-pprof.ts'
import { askOnce, targetAnswers } from '../target-sources.ts'
import { checkAwaited, type Record, type ResultFile, ready } from './recorded.ts'

export function recordHeapForPage(name: HeapProfileName): Record {
  return async (context, target, { seconds, force, pprofOnly, isDelta = false }, signal) => {
    const { heapSamplers, limits, heap, sources, conversions } = context
    const recording = await heapSamplers.record(target, {
      counting: name === 'allocs' ? 'allocated' : 'live',
      durationMs: seconds * 1000,
      isDelta,
      gc: false,
      samplingIntervalBytes: heap.samplingInterval,
      isContinuous: target.heapContinuous ?? heap.continuous,
      maxPauseMs: force ? undefined : limits.maxPauseMs,
      signal,
    })
    checkAwaited(signal)
    const ask = askOnce(targetAnswers(context, recording.target, sources.sourceMaps))
    const encoded = (form: 'pprof' | 'text') =>
      conversions.run({ kind: 'heap', recording, name, form }, ask)
    const profile = await encoded('pprof')
    const base = `${name}-${recording.target.pid}`
    const { attachMs, readPauseMs, openedInspector, missing } = recording
    const pprof = file(`${base}.pb.gz`, 'pprof', profile.contentType, profile.bytes)
    const summary = {
      cost: { attachMs, readPauseMs, pauseMs: readPauseMs, openedInspector },
      nodeVersion: recording.target.nodeVersion,
      missing,
    }
    if (pprofOnly) return { ...summary, files: [pprof], sizeBytes: profile.bytes.byteLength }
    const text = await encoded('text')
    const files = [pprof, file(`${base}.txt`, "Go's text", text.contentType, text.bytes)]
    const [main, ...others] = recording.threads
    if (main !== undefined) {
      const label = others.length === 0 ? 'heapprofile' : 'heapprofile (main thread only)'
      files.push(file(`${base}.heapprofile`, label, json, main.profileJson))
    }
    return {
      ...summary,
      files,
      sizeBytes:
        profile.bytes.byteLength + text.bytes.byteLength + (main?.profileJson.byteLength ?? 0),
    }
  }
}

const json = 'application/json; charset=utf-8'

function file(name: string, label: string, contentType: string, bytes: Uint8Array): ResultFile {
  return { name, label, contentType, encode: ready(bytes) }
}
