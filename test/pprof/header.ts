const startedAtMs = 1_800_000_000_000
const cpu = { type: 'cpu', unit: 'nanoseconds' }

/** The header of a sound profile. */
export const header = {
  startedAtMs,
  sampleTypes: [{ type: 'samples', unit: 'count' }, cpu],
  defaultSampleType: 'cpu',
  periodType: cpu,
  period: 10_000_000,
  timeNanos: BigInt(startedAtMs) * 1_000_000n + 1n,
  durationNanos: 30_000_000_000,
  executable: '/usr/bin/node',
  comments: ['asked 30 s', 'achieved 30 s'],
}
