/** The ring's last seconds of a target, for rules and stalls. */
import { cpuFormats } from '../convert/cpu-formats.ts'
import { CaptureError } from '../errors.ts'
import type { LastProfile } from '../recorder/recorded-profile.ts'
import type { ServerContext } from './context.ts'
import { targetAnswers } from './target-sources.ts'

export function lastProfile(context: ServerContext): LastProfile {
  return async (target, { seconds, reason }) => {
    const recording = await context.flightRecorder.last(target, seconds).catch(ifNotRecorded)
    if (recording === undefined) return undefined
    const ask = targetAnswers(context, recording.target, context.sources.sourceMaps)
    const job = { kind: 'profile', format: 'pprof', recording } as const
    const { bytes, contentType } = await context.conversions.run(job, ask)
    const { id, instance, name, service, pid, uid } = target
    return {
      kind: 'profile',
      target: { id, instance, name, service, pid, uid },
      nodeVersion: recording.target.nodeVersion,
      reason,
      startedAtMs: recording.startedAtMs,
      durationMs: Date.now() - recording.startedAtMs,
      bytes,
      contentType,
      extension: cpuFormats.pprof.extension,
      pauseMs: recording.stopPauseMs,
    }
  }
}

function ifNotRecorded(error: unknown): undefined {
  if (!(error instanceof CaptureError) || error.code !== 'not-recorded') throw error
}
