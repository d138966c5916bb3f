// From the bytes of V8's CPU profile to pprof's bytes, not gzipped: time and memory by size and by way.
// `conversion [nodes ...]`: those sizes only.
//
// What is compared: CPU time of all threads, of the first conversion in a fresh process, of the second, and
// the median of the last three (pprofd's thread lives on for 90 s, so a regular scrape meets those); growth
// of the process at most, over what it holds with the text in memory and one small conversion done; the
// longest turn of the event loop, pprofd's as its server does it, gzip and start of its thread included.
// The same work for the same file, but for the output: pprofd's is larger because it holds more, namely lines,
// addresses, labels, measured times. Every figure is from a process of its own; contenders alternate.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { syntheticProfile } from './conversion-profile.mjs'
import { printMachine, spread } from './processes.mjs'
import { showTable } from './results.mjs'
import { medianOf } from './statistics.mjs'

const contenders = ['pprofd', 'scan + pprof-format', 'JSON.parse + pprof-format', '@datadog/pprof']
const sizes = [
  { nodes: 1_000, samples: 3_000, rounds: 5, runs: 10 },
  { nodes: 20_000, samples: 300_000, rounds: 5, runs: 10 },
  { nodes: 200_000, samples: 3_000_000, rounds: 3, runs: 5 },
]
const asked = process.argv.slice(2).map(Number)
const child = fileURLToPath(new URL('./conversion-contender.mjs', import.meta.url))

printMachine()
const folder = mkdtempSync(join(tmpdir(), 'pprofd-bench-'))
try {
  for (const size of sizes) if (asked.length === 0 || asked.includes(size.nodes)) measure(size)
} finally {
  rmSync(folder, { recursive: true })
}

function measure({ nodes, samples, rounds, runs: conversions }) {
  const file = join(folder, `${nodes}.cpuprofile`)
  writeFileSync(file, syntheticProfile(nodes, samples))
  const sizeBytes = statSync(file).size
  const small = join(folder, 'small.cpuprofile')
  writeFileSync(small, syntheticProfile(50, 50))
  const runs = new Map(contenders.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const name of contenders) {
      const time = run(name, file, 'time', String(conversions))
      runs
        .get(name)
        .push({ ...time, ...run(name, file, 'memory', small), ...run(name, file, 'hole') })
    }
  }

  const title = `${nodes} nodes, ${samples} samples, ${(sizeBytes / 1e6).toFixed(1)} MB of JSON; ${rounds} x 3 processes each, median (min to max)`
  const best = Object.fromEntries(
    ['firstCpuMs', 'secondCpuMs', 'laterCpuMs', 'peakBytes'].map((key) => [
      key,
      medianBy(runs.get('pprofd'), key),
    ]),
  )
  showTable(
    String(nodes),
    title,
    Object.fromEntries(
      contenders.map((name) => {
        const row = (key, unit) =>
          spread(
            runs.get(name).map((run) => run[key] / unit),
            1,
          )
        const ratio = (key) => `${(medianBy(runs.get(name), key) / best[key]).toFixed(1)} x`
        return [
          name,
          {
            'first run, wall ms': row('firstMs', 1),
            'first run, CPU ms': row('firstCpuMs', 1),
            'ratio ': ratio('firstCpuMs'),
            'second, CPU ms': row('secondCpuMs', 1),
            'ratio  ': ratio('secondCpuMs'),
            'later, CPU ms': row('laterCpuMs', 1),
            'ratio   ': ratio('laterCpuMs'),
            'longest turn of the loop, ms': row('holeMs', 1),
            'its CPU ms': row('holeCpuMs', 1),
            'memory, x JSON': row('peakBytes', sizeBytes),
            'ratio    ': ratio('peakBytes'),
            'output, kB': Math.round(medianBy(runs.get(name), 'outputBytes') / 1000),
          },
        ]
      }),
    ),
  )
}

function run(name, file, ...what) {
  const args = ['--expose-gc', child, name, file, ...what]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${name} failed: ${stderr}`)
  return JSON.parse(stdout)
}

function medianBy(runs, key) {
  return medianOf(runs.map((run) => run[key]))
}
