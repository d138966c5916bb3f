/** What pprofd reads of its own package. Here and built, this file is one folder below its root. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** What browsers get, as it was built. */
export const uiFolder = fileURLToPath(new URL('../dist/ui/', import.meta.url))

export function packageVersion(): string {
  const file = new URL('../package.json', import.meta.url)
  return String(JSON.parse(readFileSync(file, 'utf8')).version)
}
