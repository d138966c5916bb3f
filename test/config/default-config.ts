import type { Config } from '../../src/config/config.ts'

/** What loadConfig answers where nothing is configured, written out by hand. */
export const defaultConfig: Config = {
  enabled: true,
  listen: { kind: 'tcp', host: '127.0.0.1', port: 8081 },
  targets: [],
  discover: true,
  sourceMaps: true,
  attach: { linger: 0 },
  access: { uids: [], groups: [], targets: 'own', deny: [], socketMode: '0600' },
  limits: {
    maxSeconds: 300,
    capturesPerTarget: 4,
    captures: 64,
    capturesPerUid: 48,
    connectionsPerUid: 128,
    bytesInFlight: 268_435_456,
    bytesReceived: 1_073_741_824,
    stallSeconds: 30,
    maxProfileBytes: 268_435_456,
    maxRetainedBytes: 1_073_741_824,
    commandTimeoutMs: 10_000,
  },
  profile: { seconds: 30, hz: 100 },
  heap: { continuous: false, seconds: 4, samplingInterval: 524_288 },
  goroutine: {
    maxHeapBytes: 2_147_483_648,
    minIntervalMs: 1000,
    maxEntries: 1000,
    budgetMs: 5,
    stop: false,
    keepQuery: false,
  },
  stalls: { threshold: 0, cooldown: 60, perHour: 12 },
  log: { level: 'info' },
}
