// `npm run bench [-- name [number | --option value ...] ...]`: runs bench/<name>.mjs with those, or every
// benchmark. What they found is in bench/results/ and, against the goals, in the table that `goals` prints.
// First: npm run build && npm install --prefix bench
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const all = [
  'conversion',
  'latency',
  'open-inspector',
  'start-up',
  'throughput',
  'windows',
  'recorder',
  'stall-watch',
  'many',
  'discovery',
  'cycles',
  'heap',
  'heapsnapshot',
  'retained',
  'sourcemaps',
  'census',
  'census-worker',
  'peer-uid',
  'page',
  'goals',
]
/** Names, each with the arguments that follow it: numbers, options, and the values of options. */
const asked = []
let isValue = false
for (const word of process.argv.slice(2)) {
  const isOption = word.startsWith('--')
  if (asked.length > 0 && (isOption || isValue || /^\d/.test(word))) asked.at(-1).push(word)
  else asked.push([word])
  isValue = isOption && !word.includes('=')
}
const fileOf = (name) => fileURLToPath(new URL(`./${name}.mjs`, import.meta.url))

const unknown = asked.find(([name]) => !existsSync(fileOf(name)))
if (unknown) {
  console.error(`error: there is no benchmark ${unknown[0]}; there are: ${all.join(', ')}`)
  process.exit(2)
}
// Some measure single modules, which dist/ has no more.
const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url))
const compiled = spawnSync(process.execPath, [tsc], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  stdio: 'inherit',
})
if (compiled.status !== 0) process.exit(compiled.status ?? 1)
for (const [name, ...words] of asked.length > 0 ? asked : all.map((name) => [name])) {
  const { status } = spawnSync(process.execPath, [fileOf(name), ...words], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
