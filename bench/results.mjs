// What a benchmark found, as JSON beside it: bench/results/<name>.json.
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'

export function writeResults(name, results) {
  const folder = new URL('./results/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  const machine = {
    platform: `${process.platform} ${process.arch}`,
    cpus: `${cpus().length} x ${cpus()[0]?.model}`,
    memoryBytes: totalmem(),
    loadAverage: loadavg(),
    node: process.version,
  }
  const text = JSON.stringify(
    { name, date: new Date().toISOString(), machine, results },
    undefined,
    2,
  )
  writeFileSync(new URL(`${name}.json`, folder), `${text}\n`)
}
