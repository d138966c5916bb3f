// Who records a busy process in `throughput`, by how it is switched on.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startRecordedTwins } from './recorded-twins.mjs'
import { startSampledTwins } from './sampled-twins.mjs'

/** Until a recording runs for sure: it attaches and V8 walks the heap. */
const startMs = 1000

/** Of a process that goes on without: `{ start(durationMs), stop, startMs }` of pairs.mjs. */
export function switched(target, daemonUrl) {
  return {
    nothing: { start: async () => {}, stop: async () => {}, startMs },
    'pprofd on request, 100 Hz': onRequest(target, daemonUrl, 100),
    '@datadog/pprof, 100 Hz': fromInside(target, 10_000),
    'pprofd on request, 1 kHz': onRequest(target, daemonUrl, 1000),
    '@datadog/pprof, 1 kHz': fromInside(target, 1000),
  }
}

function onRequest(target, daemonUrl, hz) {
  let answer
  return {
    startMs,
    start: async (durationMs) => {
      // A quarter of a second for what is between the windows.
      const seconds = Math.ceil((startMs + durationMs + 250) / 1000)
      const query = `seconds=${seconds}&hz=${hz}&force=1`
      answer = fetch(`${daemonUrl}/targets/${target.pid}/debug/pprof/profile?${query}`)
    },
    stop: async () => {
      const response = await answer
      await response.arrayBuffer()
      if (!response.ok) throw new Error(`profile: ${response.status}`)
    },
  }
}

/** Of the main thread only. */
function fromInside(target, intervalMicros) {
  return {
    startMs,
    start: () => target.send({ datadog: 'start', intervalMicros }),
    stop: () => target.send({ datadog: 'stop' }),
  }
}

/**
 * Recorded all the time, by the daemon or by V8's profiler alone, which nobody reads: what no recording through
 * it can undercut. Its twin is not recorded, and they change roles.
 */
export const chained = {
  'nothing, beside a twin': (kind) => startSampledTwins(kind),
  'pprofd all the time, 100 Hz': (kind) => startRecordedTwins(kind, { door: 'closed', hz: 100 }),
  'pprofd all the time, 1 kHz': (kind) => startRecordedTwins(kind, { door: 'closed', hz: 1000 }),
  "V8's profiler all the time, 100 Hz": (kind) => startSampledTwins(kind, 10_000),
  "V8's profiler all the time, 1 kHz": (kind) => startSampledTwins(kind, 1000),
}

/**
 * Of a process that was started for it, beside one that was started without. 0x 6.0.0 is 287 packages around the
 * options below, with which it starts the program; it does the rest when the program has ended.
 */
export const fromItsStart = {
  '--cpu-prof, 100 Hz': { execArgv: ['--cpu-prof', '--cpu-prof-interval=10000'] },
  '--cpu-prof, 1 kHz': { execArgv: ['--cpu-prof', '--cpu-prof-interval=1000'] },
  "0x's options of Node, 1 kHz": {
    execArgv: ['--prof', '--logfile=%p-v8.log', '--print-opt-source'],
  },
  'perf record, 100 Hz': { execArgv: ['--perf-basic-prof'], attach: perfRecord },
}

export function isPerfHere() {
  const { status } = spawnSync('perf', ['record', '-F', '100', '-o', '/dev/null', '--', 'true'], {
    stdio: 'ignore',
  })
  return status === 0
}

async function perfRecord(pid, folder) {
  const file = join(folder, `${pid}.perf.data`)
  const args = ['record', '-F', '100', '--call-graph', 'fp', '-o', file, '-p', String(pid)]
  const perf = spawn('perf', args, { stdio: 'ignore' })
  await delay(startMs)
  if (perf.exitCode !== null) throw new Error('perf did not record')
  return async () => {
    perf.kill('SIGINT')
    if (perf.exitCode === null) await once(perf, 'exit')
  }
}
