/** Which packages are in dist/, and under which licences. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The folder of the package that a file of node_modules belongs to. */
const packageFolder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/

const licenceFile = /^licen[cs]e(?:[.-]|$)/i

/**
 * `metafile`: esbuild's account of what went in. Gives `{ name, version, license, author, repository,
 * text }` of each package, sorted by name.
 */
export function bundledPackages(root, metafile) {
  const folders = new Set()
  for (const output of Object.values(metafile.outputs)) {
    for (const [file, { bytesInOutput }] of Object.entries(output.inputs)) {
      const folder = packageFolder.exec(file)?.[0]
      if (folder !== undefined && bytesInOutput > 0) folders.add(folder)
    }
  }
  return [...folders]
    .map((folder) => describe(join(root, folder)))
    .sort((a, b) => a.name.localeCompare(b.name) || a.version.localeCompare(b.version))
}

/** The licences one after the other, as they ask to be kept with every copy. */
export function licenceTexts(packages) {
  const parts = packages.map(
    ({ name, version, license, text }) => `${name} ${version} (${license})\n\n${text.trim()}\n`,
  )
  return `pprofd carries these packages within its own files.\n\n${parts.join(`\n${'-'.repeat(72)}\n\n`)}`
}

function describe(folder) {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const { name, version, license, author, repository } = manifest
  const file = readdirSync(folder).find((entry) => licenceFile.test(entry))
  const text =
    file === undefined
      ? 'No text of the licence comes with it.'
      : readFileSync(join(folder, file), 'utf8')
  return { name, version, license, author, repository, text }
}
