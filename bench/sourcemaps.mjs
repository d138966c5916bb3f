// From a script and its map on disk to the original positions of a profile's functions: time, peak
// memory and how long the event loop is held up, by way. Every figure is from a fresh process.
// pprofd also reads the script, for the original names of functions, and the packages around it.
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { printMachine, spread } from './processes.mjs'
import { showTable } from './results.mjs'
import { syntheticBundle } from './sourcemaps-bundle.mjs'

const contenders = [
  'pprofd',
  'pprofd, in its thread',
  'pprofd, without names',
  'pprofd, the map alone',
  '@jridgewell/trace-mapping',
]
const rounds = 7
const child = fileURLToPath(new URL('./sourcemaps-contender.mjs', import.meta.url))
/** A bundle of esbuild's that comes with the tests' runner. */
const realBundle = fileURLToPath(
  new URL('../node_modules/tshy/dist/esm/bin-min.mjs', import.meta.url),
)

printMachine()
const folder = mkdtempSync(join(tmpdir(), 'pprofd-bench-'))
try {
  const script = join(folder, 'bundle.js')
  const bundle = syntheticBundle('bundle.js')
  writeFileSync(script, bundle.script)
  writeFileSync(`${script}.map`, bundle.map)
  // What the profile of a large service holds, and several times as much.
  measure('generated', script, everyNth(bundle.starts, 16))
  measure('generated', script, everyNth(bundle.starts, 3))

  const real = join(folder, 'bin-min.mjs')
  copyFileSync(realBundle, real)
  copyFileSync(`${realBundle}.map`, `${real}.map`)
  measure('tshy, by esbuild', real, functionStarts(readFileSync(real, 'utf8')))
} finally {
  rmSync(folder, { recursive: true })
}

function measure(what, script, starts) {
  const questions = join(folder, 'questions.json')
  writeFileSync(questions, JSON.stringify(starts))
  const runs = new Map(contenders.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const name of contenders) runs.get(name).push(run(name, script, questions))
  }
  const mapMb = (statSync(`${script}.map`).size / 1e6).toFixed(1)
  const asked = `${starts.length} positions`
  const title = `${what}, map of ${mapMb} MB, ${asked}; ${rounds} processes each, median (min to max)`
  const median = (name, key) => sorted(runs.get(name), key)[rounds >> 1]
  const [expected] = runs.get('@jridgewell/trace-mapping')
  const row = (name) => {
    const values = (key, unit) => runs.get(name).map((one) => one[key] / unit)
    const ratio = (key) => `${(median(name, key) / median('pprofd', key)).toFixed(1)} x`
    const same = runs
      .get(name)[0]
      .answers.filter((answer, index) => isSame(answer, expected.answers[index]))
    const isThread = name === 'pprofd, in its thread'
    return {
      'wall ms': spread(values('wallMs', 1)),
      'CPU ms': spread(values('cpuMs', 1)),
      'ratio ': ratio('cpuMs'),
      'peak MB': spread(values('peakBytes', 1e6)),
      'ratio  ': ratio('peakBytes'),
      'again, wall ms': spread(values('againMs', 1), 1),
      'loop busy ms': isThread ? spread(values('activeMs', 1), 1) : '-',
      'loop held up ms': isThread ? spread(values('longestMs', 1), 1) : '-',
      'idle loop ms': isThread ? spread(values('idleLongestMs', 1), 1) : '-',
      'same answers': `${same.length}`,
    }
  }
  const rows = Object.fromEntries(contenders.map((name) => [name, row(name)]))
  showTable(`${what}, ${asked}`, title, rows)
}

function run(name, script, questions) {
  const args = ['--expose-gc', child, name, script, questions]
  const options = { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }
  const { status, stdout, stderr } = spawnSync(process.execPath, args, options)
  if (status !== 0) throw new Error(`${name} failed: ${stderr}`)
  return JSON.parse(stdout)
}

function isSame(answer, expected) {
  return JSON.stringify(answer) === JSON.stringify(expected)
}

function sorted(runs, key) {
  return runs.map((run) => run[key]).sort((a, b) => a - b)
}

function everyNth(list, step) {
  return list.filter((_, index) => index % step === 0)
}

/** Where the functions of a script begin, as V8 says: at the parenthesis behind their name. */
function functionStarts(text) {
  return text.split('\n').flatMap((content, line) =>
    Array.from(content.matchAll(/\bfunction ?\*?([\w$]*)\(/g), ({ index, 0: all, 1: name }) => ({
      line,
      column: index + all.length - 1,
      functionName: name,
    })),
  )
}
