/** Which packages are in dist/, and under which licences. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { speedscopeFolder } from './browser-files.mjs'
import { checkout } from './bundle.mjs'

/** The folder of the package that a file of node_modules belongs to. */
const packageFolder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/

const licenceFile = /^(?:licen[cs]e|copying)(?:[.-]|$)/i

/**
 * `metafile`: esbuild's account of what went in. Gives `{ name, version, license, repository, notice }` of
 * each package, sorted by name; `notice` is the text of its licence, undefined where it brings none.
 */
export function bundledPackages(metafile) {
  const folders = new Set([relative(checkout, speedscopeFolder)])
  for (const output of Object.values(metafile.outputs)) {
    for (const [file, { bytesInOutput }] of Object.entries(output.inputs)) {
      const folder = packageFolder.exec(file)?.[0]
      if (folder !== undefined && bytesInOutput > 0) folders.add(folder)
    }
  }
  return [...folders]
    .map((folder) => describe(join(checkout, folder)))
    .sort((a, b) => a.name.localeCompare(b.name) || a.version.localeCompare(b.version))
}

/** The licences one after the other, as they ask to be kept with every copy. */
export function licenceTexts(packages) {
  const parts = packages.map(
    ({ name, version, license, notice = '(It brings no text of it.)' }) =>
      `${name} ${version} (${license})\n\n${notice.trim()}\n`,
  )
  const rule = `\n${'-'.repeat(72)}\n\n`
  return `pprofd carries these packages within its own files.\n\n${parts.join(rule)}`
}

function describe(folder) {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const { name, version, license, repository } = manifest
  const files = readdirSync(folder)
  // One package says it on its page only.
  const file =
    files.find((one) => licenceFile.test(one)) ?? files.find((one) => /^readme/i.test(one))
  const notice = file === undefined ? undefined : readFileSync(join(folder, file), 'utf8')
  return { name, version, license, repository, notice }
}
