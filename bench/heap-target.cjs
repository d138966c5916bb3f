// Measures, within itself, what reading V8's sampling heap profiler costs with a heap of so many MB:
// `node --expose-gc heap-target.cjs <megabytes>`. Prints JSON: milliseconds for which nothing else ran.
'use strict'
const { Session } = require('node:inspector')
const v8 = require('node:v8')

const rounds = 5
const session = new Session()
session.connect()

// An object with an array of 10 numbers and a string takes some 250 bytes.
const kept = Array.from({ length: Number(process.argv[2]) * 4000 }, (_, id) => ({
  id,
  name: `entry ${id}`,
  values: [id, 1, 2, 3, 4, 5, 6, 7, 8, 9.5],
}))
globalThis.gc()

function post(method, params) {
  let failure
  // An in-process session answers before `post` returns.
  session.post(method, params, (error) => {
    failure = error
  })
  if (failure) throw new Error(`${method}: ${failure.message}`)
}

function time(work) {
  const startedMs = performance.now()
  work()
  return performance.now() - startedMs
}

function median(work) {
  const all = Array.from({ length: rounds }, work).sort((a, b) => a - b)
  return all[Math.floor(rounds / 2)]
}

const interval = { samplingInterval: 524_288 }
const withGarbage = {
  ...interval,
  includeObjectsCollectedByMajorGC: true,
  includeObjectsCollectedByMinorGC: true,
}

const readMs = median(() => {
  post('HeapProfiler.startSampling', interval)
  allocate(100_000)
  const ms = time(() => post('HeapProfiler.getSamplingProfile'))
  post('HeapProfiler.disable')
  return ms
})
const stopMs = median(() => {
  post('HeapProfiler.startSampling', interval)
  allocate(100_000)
  return time(() => post('HeapProfiler.stopSampling'))
})
const disableMs = median(() => {
  post('HeapProfiler.startSampling', interval)
  allocate(100_000)
  return time(() => post('HeapProfiler.disable'))
})
const startMs = median(() => {
  const ms = time(() => post('HeapProfiler.startSampling', interval))
  post('HeapProfiler.disable')
  return ms
})
const readWithoutCollectionMs =
  v8.startHeapProfile?.length === 1
    ? median(() => {
        v8.startHeapProfile({ sampleInterval: interval.samplingInterval, stackDepth: 128 })
        post('HeapProfiler.startSampling', interval)
        allocate(100_000)
        const ms = time(() => post('HeapProfiler.getSamplingProfile'))
        post('HeapProfiler.disable')
        return ms
      })
    : undefined

/** Milliseconds for a million allocations, and what sampling makes of it. */
const plainMs = median(() => time(() => allocate(1_000_000)))
const sampledMs = allocatingWith(interval)
const garbageMs = allocatingWith(withGarbage)
const denseMs = allocatingWith({ ...interval, samplingInterval: 16_384 })
post('HeapProfiler.startTrackingHeapObjects', { trackAllocations: true })
const trackedMs = time(() => allocate(1_000_000))

function allocatingWith(params) {
  post('HeapProfiler.startSampling', params)
  allocate(1_000_000)
  const ms = median(() => time(() => allocate(1_000_000)))
  post('HeapProfiler.disable')
  return ms
}

function allocate(count) {
  for (let i = 0; i < count; i += 1) globalThis.last = { i, values: [i, i] }
}

const times = { startMs, readMs, stopMs, disableMs, readWithoutCollectionMs }
const rates = { sampledMs, garbageMs, denseMs, trackedMs }
console.log(
  JSON.stringify({ version: process.version, kept: kept.length, plainMs, ...times, ...rates }),
)
process.exit()
