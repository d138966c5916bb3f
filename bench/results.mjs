// Tables of a benchmark: printed, and written as JSON beside it, bench/results/<name>.json, as they come.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { basename } from 'node:path'

const folder = new URL('./results/', import.meta.url)
const ownName = basename(process.argv[1] ?? '', '.mjs')

/**
 * `key` is what others find the table by, and what replaces an earlier one; `rows` an object of rows, a list of
 * them, or one of figures.
 */
export function showTable(key, title, rows) {
  console.log(`\n${title}`)
  console.table(printed(rows))
  const table = {
    title,
    arguments: process.argv.slice(2),
    date: new Date().toISOString(),
    machine: machine(),
    versions: versions(),
    rows,
  }
  const tables = { ...readTables(ownName), [key]: table }
  mkdirSync(folder, { recursive: true })
  writeFileSync(fileOf(ownName), `${JSON.stringify({ name: ownName, tables }, undefined, 2)}\n`)
}

/** console.table takes a figure of one row for a row of its own. */
function printed(rows) {
  const isFigure = (value) => typeof value === 'object' && value.constructor !== Object
  if (!Object.values(rows).some(isFigure)) return rows
  return Object.fromEntries(
    Object.entries(rows).map(([name, value]) => [name, isFigure(value) ? String(value) : value]),
  )
}

/** The tables that a benchmark of this name has written, by their keys; none where it has not run. */
export function readTables(name) {
  try {
    return JSON.parse(readFileSync(fileOf(name), 'utf8')).tables
  } catch {
    return {}
  }
}

function fileOf(name) {
  return new URL(`${name}.json`, folder)
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
  return {
    pprofd: read('../package.json').version,
    commit: commit(),
    ...read('./package.json').dependencies,
  }
}

function commit() {
  try {
    const args = ['-C', new URL('.', import.meta.url).pathname, 'rev-parse', '--short', 'HEAD']
    return execFileSync('git', args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return undefined
  }
}
