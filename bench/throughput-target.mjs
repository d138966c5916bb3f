// A service that always has work: `throughput-target.mjs <kind>` (a number of functions, or a name of
// busy-work.mjs). Over IPC: { take } answers with what was done since the last time, and how long the turns of
// the event loop took; { rest: true | false } stops the work, and goes on with it; { datadog: 'start' | 'stop' }
// profiles from inside, at { intervalMicros }, and { v8: 'start' | 'stop' } by V8's profiler alone.
import { readFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { createRequire } from 'node:module'
import { busyWork } from './busy-work.mjs'

/** Fewer would not be a turn of some length: answers to requests are quick. */
const minTurnMs = 0.5

const { unit, rest, work } = await busyWork(process.argv[2] ?? '1000')
let isResting = false
let isTurning = false
let units = 0
let durations = []
let last = performance.now()
let taken = figures()

async function turn() {
  isTurning = !isResting
  if (isResting) return
  let now = last
  do {
    const done = unit()
    units += (typeof done === 'object' ? await done : done) ?? 1
    now = performance.now()
  } while (now - last < minTurnMs)
  durations.push(now - last)
  last = now
  setImmediate(turn)
}

/** The slowest tenth is enough for a p99 of several windows together. */
function take() {
  const before = taken
  taken = figures()
  durations.sort((x, y) => y - x)
  const at = (share) =>
    durations[Math.min(durations.length - 1, Math.floor(durations.length * share))]
  const result = {
    count: units,
    wallMs: taken.wallMs - before.wallMs,
    // Where others do the work, it says nothing.
    mainCpuMs: work ? undefined : taken.mainCpuMs - before.mainCpuMs,
    cpuMs: taken.cpuMs - before.cpuMs,
    turns: durations.length,
    slowest: durations.slice(0, Math.ceil(durations.length / 10)),
    p50: at(0.5),
    p99: at(0.01),
    max: durations[0],
  }
  units = 0
  durations = []
  return result
}

function figures() {
  const { user, system } = process.cpuUsage()
  return { wallMs: performance.now(), mainCpuMs: mainCpuMs(), cpuMs: (user + system) / 1000 }
}

/** CPU time of the main thread; undefined where the kernel does not tell. */
function mainCpuMs() {
  try {
    const path = `/proc/self/task/${process.pid}/schedstat`
    return Number(readFileSync(path, 'latin1').split(' ')[0]) / 1e6
  } catch {
    return undefined
  }
}

function go() {
  isResting = false
  last = performance.now()
  work?.()
  if (!isTurning) void turn()
}

let v8
async function startV8(interval) {
  v8 = new Session()
  v8.connect()
  await v8.post('Profiler.enable')
  await v8.post('Profiler.setSamplingInterval', { interval })
  await v8.post('Profiler.start')
}

let datadog
process.on('message', (message) => {
  if (message.take) {
    process.send(take())
    taken = figures()
    last = performance.now()
  } else if (message.rest !== undefined) {
    if (message.rest) rest?.()
    if (isResting && !message.rest) go()
    else isResting = message.rest
    process.send('done')
  } else if (message.datadog === 'start') {
    datadog ??= createRequire(import.meta.url)('@datadog/pprof')
    datadog.time.start({ intervalMicros: message.intervalMicros, durationMillis: 60_000 })
    process.send('started')
  } else if (message.datadog === 'stop') {
    datadog.time.stop(false)
    process.send('stopped')
  } else if (message.v8 === 'start') {
    void startV8(message.intervalMicros).then(() => process.send('started'))
  } else if (message.v8 === 'stop') {
    v8.disconnect()
    process.send('stopped')
  }
})
go()
process.send('ready')
