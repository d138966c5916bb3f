// Profiles as rules and rounds hand them over, and the log that they leave.
import { gzipSync } from 'node:zlib'
import { ProfileBuilder } from '../../src/pprof/profile-builder.ts'
import type { RecordedProfile } from '../../src/recorder/recorded-profile.ts'
import type { Report } from '../../src/recorder/report.ts'

export const startedAtMs = Date.UTC(2026, 10, 22, 4, 15, 0, 123)

export function recordedProfile(changes: Partial<RecordedProfile> = {}): RecordedProfile {
  return {
    kind: 'profile',
    target: {
      id: 'shop',
      instance: 'i-1',
      name: 'shop-api',
      service: 'shop',
      pid: 4711,
      uid: 1000,
    },
    nodeVersion: 'v20.20.2',
    reason: 'rule hot: cpu 0.97 > 0.9',
    startedAtMs,
    durationMs: 1000,
    bytes: pprofBytes,
    contentType: 'application/octet-stream',
    extension: '.pb.gz',
    pauseMs: 3,
    ...changes,
  }
}

/** A profile of one sample. */
export const pprofBytes: Uint8Array = gzipSync(
  new ProfileBuilder({
    sampleTypes: [{ type: 'samples', unit: 'count' }],
    defaultSampleType: 'samples',
    periodType: { type: 'cpu', unit: 'nanoseconds' },
    period: 1,
    timeNanos: 1n,
    durationNanos: 1,
    executable: '/usr/bin/node',
    comments: [],
  }).encode(),
)

export interface Reported {
  readonly report: Report
  readonly lines: string[]
}

export function reported(): Reported {
  const lines: string[] = []
  const report: Report = (level, message, fields) => {
    const err = 'err' in fields && fields.err instanceof Error ? fields.err.message : undefined
    lines.push(JSON.stringify({ level, message, ...fields, err }))
  }
  return { report, lines }
}
