// `npm run bench [name ...]`: runs bench/<name>.mjs, or every benchmark. Each prints one table.
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
]
const asked = process.argv.slice(2)
const fileOf = (name) => fileURLToPath(new URL(`./${name}.mjs`, import.meta.url))

const unknown = asked.find((name) => !existsSync(fileOf(name)))
if (unknown) {
  console.error(`error: there is no benchmark ${unknown}; there are: ${all.join(', ')}`)
  process.exit(2)
}
// Some measure single modules, which dist/ has no more.
const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url))
const compiled = spawnSync(process.execPath, [tsc], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  stdio: 'inherit',
})
if (compiled.status !== 0) process.exit(compiled.status ?? 1)
for (const name of asked.length > 0 ? asked : all) {
  const { status } = spawnSync(process.execPath, [fileOf(name)], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
