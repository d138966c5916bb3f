// What an installation of pprofd brings, read from package-lock.json: by its path in the package, such as
// `node_modules/yargs/node_modules/string-width`. Optional peers that nothing installs are no part of it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const checkout = fileURLToPath(new URL('..', import.meta.url))

export function productionPackages() {
  const { packages } = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8'))
  const entries = Object.entries(packages)
  return new Map(entries.filter(([path, { dev, optional }]) => path !== '' && !dev && !optional))
}
