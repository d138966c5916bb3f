// Tables of a benchmark: printed, and written as JSON beside it, bench/results/<name>.json, as they come.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { basename } from 'node:path'

const folder = new URL('./results/', import.meta.url)
const name = basename(process.argv[1] ?? '', '.mjs')
const tables = {}

/** `key` is what others find the table by; `rows` an object of rows, a list of them, or one of figures. */
export function showTable(key, title, rows) {
  console.log(`\n${title}`)
  console.table(rows)
  tables[key] = { title, rows }
  mkdirSync(folder, { recursive: true })
  const text = JSON.stringify(
    {
      name,
      arguments: process.argv.slice(2),
      date: new Date().toISOString(),
      machine: machine(),
      versions: versions(),
      tables,
    },
    undefined,
    2,
  )
  writeFileSync(new URL(`${name}.json`, folder), `${text}\n`)
}

/** What a benchmark of this name wrote last; undefined where it has not run. */
export function readResults(ofName) {
  try {
    return JSON.parse(readFileSync(new URL(`${ofName}.json`, folder), 'utf8'))
  } catch {
    return undefined
  }
}

function machine() {
  return {
    platform: `${process.platform} ${process.arch}`,
    cpus: `${cpus().length} x ${cpus()[0]?.model}`,
    memoryBytes: totalmem(),
    loadAverage: loadavg(),
    node: process.version,
  }
}

function versions() {
  const read = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
  return { pprofd: read('../package.json').version, commit: commit(), ...read('./package.json').dependencies }
}

function commit() {
  try {
    const args = ['-C', new URL('.', import.meta.url).pathname, 'rev-parse', '--short', 'HEAD']
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return undefined
  }
}
