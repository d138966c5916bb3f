// What reading the sampling heap profiler costs a target with a big heap, by each way there is, and what
// sampling costs while it runs. On every Node whose binary the tests have downloaded.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { printMachine } from './processes.mjs'
import { showTable } from './results.mjs'

const target = fileURLToPath(new URL('./heap-target.cjs', import.meta.url))
const cache = fileURLToPath(new URL('../.cache/node', import.meta.url))
const heapsMb = [20, 200, 800]

printMachine()
const binaries = [process.execPath, ...downloaded()]
for (const megabytes of heapsMb) {
  const results = binaries.map((node) => measure(node, megabytes))
  results.sort((a, b) => major(a) - major(b))
  const rowsOf = (row) => Object.fromEntries(results.map((result) => [result.version, row(result)]))
  const title = `heap of ${megabytes} MB: pauses in ms, median of 5`
  showTable(String(megabytes), title, rowsOf(pauses))
  if (megabytes !== heapsMb[0]) continue
  showTable('allocations', 'a million allocations: ms, and how many times as long', rowsOf(rates))
}

function downloaded() {
  try {
    return readdirSync(cache)
      .filter((name) => name.endsWith(process.arch))
      .map((name) => `${cache}/${name}/node`)
  } catch {
    return []
  }
}

function measure(node, megabytes) {
  const args = ['--expose-gc', '--max-old-space-size=4096', target, String(megabytes)]
  const { stdout, stderr, status } = spawnSync(node, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${node} exited with ${status}: ${stderr}`)
  return JSON.parse(stdout)
}

function major({ version }) {
  return Number(version.slice(1).split('.')[0])
}

function pauses(result) {
  return {
    startSampling: ms(result.startMs),
    getSamplingProfile: ms(result.readMs),
    stopSampling: ms(result.stopMs),
    disable: ms(result.disableMs),
    'read after v8.startHeapProfile()': ms(result.readWithoutCollectionMs),
  }
}

function rates({ plainMs, sampledMs, garbageMs, denseMs, trackedMs }) {
  const times = (value) => (value / plainMs).toFixed(2)
  return {
    'not sampled': ms(plainMs),
    'every 512 KiB': times(sampledMs),
    'with garbage': times(garbageMs),
    'every 16 KiB': times(denseMs),
    startTrackingHeapObjects: times(trackedMs),
  }
}

function ms(value) {
  return value === undefined ? '' : value.toFixed(1)
}
