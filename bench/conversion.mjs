// From the bytes of V8's CPU profile to pprof's bytes, not gzipped: time and memory by size and by way.
// pprofd's output is larger because it holds more: lines, addresses, labels, measured times.
// Every figure is from a fresh process that runs one contender on one file; contenders alternate.
// `conversion.mjs [nodes,nodes]`, by default all sizes.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { syntheticProfile } from './conversion-profile.mjs'
import { printMachine, spread } from './processes.mjs'
import { showTable } from './results.mjs'

const contenders = ['pprofd', 'scan + pprof-format', 'JSON.parse + pprof-format', '@datadog/pprof']
const sizes = [
  { nodes: 1_000, samples: 3_000, rounds: 9 },
  { nodes: 20_000, samples: 300_000, rounds: 7 },
  { nodes: 200_000, samples: 3_000_000, rounds: 3 },
]
const asked = process.argv[2]?.split(',').map(Number)
const child = fileURLToPath(new URL('./conversion-contender.mjs', import.meta.url))

printMachine()
const folder = mkdtempSync(join(tmpdir(), 'pprofd-bench-'))
try {
  for (const size of sizes) if (asked?.includes(size.nodes) ?? true) measure(size)
} finally {
  rmSync(folder, { recursive: true })
}

function measure({ nodes, samples, rounds }) {
  const file = join(folder, `${nodes}.cpuprofile`)
  writeFileSync(file, syntheticProfile(nodes, samples))
  const sizeBytes = statSync(file).size
  const runs = new Map(contenders.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const name of contenders) runs.get(name).push(run(name, file))
  }

  const title = `${nodes} nodes, ${samples} samples, ${(sizeBytes / 1e6).toFixed(1)} MB of JSON; ${rounds} processes each, median (min to max)`
  const best = Object.fromEntries(
    ['firstCpuMs', 'warmCpuMs', 'peakBytes'].map((key) => [key, median(runs.get('pprofd'), key)]),
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
        const ratio = (key) => `${(median(runs.get(name), key) / best[key]).toFixed(1)} x`
        return [
          name,
          {
            'first run, wall ms': row('firstMs', 1),
            'first run, CPU ms': row('firstCpuMs', 1),
            'ratio ': ratio('firstCpuMs'),
            'warm, CPU ms': row('warmCpuMs', 1),
            'ratio  ': ratio('warmCpuMs'),
            'longest hole in the loop, ms': row('holeMs', 1),
            'memory, x JSON': row('peakBytes', sizeBytes),
            'ratio   ': ratio('peakBytes'),
            'output, kB': Math.round(median(runs.get(name), 'outputBytes') / 1000),
          },
        ]
      }),
    ),
  )
}

function run(name, file) {
  const args = ['--expose-gc', child, name, file]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${name} failed: ${stderr}`)
  return JSON.parse(stdout)
}

function sorted(runs, key) {
  return runs.map((run) => run[key]).sort((a, b) => a - b)
}

function median(runs, key) {
  return sorted(runs, key)[Math.floor(runs.length / 2)]
}
