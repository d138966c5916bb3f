/** What a recording of a trace begins with. */
export const traceStart = {
  target: { pid: 4711, name: 'shop\n', nodeVersion: 'v20.20.2', workingDirectory: '/srv/shop' },
  startedAtMs: 1_800_000_000_000,
  askedDurationMs: 600,
  askedHz: 200,
  samplingIntervalUs: 5000,
  categories: ['v8'],
  attachMs: 80,
  openedInspector: true,
  startPauseMs: 12.34,
  untraced: undefined,
}
