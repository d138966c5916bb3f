import { readFileSync } from 'node:fs'

/** Here and built, this file is one folder below the package's root. */
export function packageVersion(): string {
  const file = new URL('../package.json', import.meta.url)
  return String(JSON.parse(readFileSync(file, 'utf8')).version)
}
