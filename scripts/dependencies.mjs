// The table of docs/dependencies.md: every package that is in dist/, with its licence and where its source is. `--write` writes it; without, differences end with 1, as does a licence that is not allowed.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundle, checkout } from './bundle.mjs'
import { bundledPackages } from './bundled-packages.mjs'

/** Permissive: they ask for the notice to be kept, and for nothing of who uses them. */
const allowed = [
  'MIT',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  '0BSD',
  'BlueOak-1.0.0',
]
const file = join(checkout, 'docs/dependencies.md')
const [begin, end] = ['<!-- packages: npm run dependencies -- --write -->', '<!-- end -->']

const packages = bundledPackages(await bundle({ write: false })).map((one) => ({
  ...one,
  source: sourceOf(one),
}))
const problems = packages.flatMap(problemsOf)
const page = readFileSync(file, 'utf8')
const start = page.indexOf(begin)
const stop = page.indexOf(end)
if (start === -1 || stop < start) throw new Error(`${file} has no place for the table`)
const wanted = `${page.slice(0, start)}${begin}\n\n${table()}\n${page.slice(stop)}`
if (process.argv.includes('--write')) writeFileSync(file, wanted)
else if (wanted !== page) problems.push('docs/dependencies.md: run npm run dependencies -- --write')

for (const problem of problems) console.error(`error: ${problem}`)
if (problems.length > 0) process.exitCode = 1
else console.log(`${packages.length} packages, ${licences().join(', ')}`)

function problemsOf({ name, license, notice, source }) {
  const found = []
  if (!allowed.includes(license)) found.push(`${name}: licence ${license}`)
  if (notice === undefined) found.push(`${name}: no licence file`)
  if (source === undefined) found.push(`${name}: no repository`)
  return found
}

function table() {
  const rows = packages
    .map(
      ({ name, version, license, source }) => `| ${name} | ${version} | ${license} | ${source} |`,
    )
    .sort()
  const head = '| package | version | licence | source |\n|---|---|---|---|'
  return [head, ...new Set(rows), ''].join('\n')
}

function licences() {
  const counts = new Map()
  for (const { license } of packages) counts.set(license, (counts.get(license) ?? 0) + 1)
  return [...counts].map(([license, count]) => `${count} ${license}`)
}

/** `github.com/owner/name`, of the ways in which a manifest may say it. */
function sourceOf({ repository }) {
  const url = typeof repository === 'string' ? repository : repository?.url
  if (url === undefined) return undefined
  const short = /^(?:github:)?([\w.-]+\/[\w.-]+)$/.exec(url)
  const path = short ? `github.com/${short[1]}` : url.replace(/^.*?[/@]([\w.-]+\.\w+)[/:]/, '$1/')
  return path.replace(/\.git$/, '').replace(/\/$/, '')
}
