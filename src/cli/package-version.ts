import { readFileSync } from 'node:fs'

/** Of the package.json nearest above this file: how far above depends on whether it is built. */
export function packageVersion(): string {
  for (let folder = new URL('..', import.meta.url); ; folder = new URL('..', folder)) {
    try {
      return String(JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')).version)
    } catch (error) {
      if (folder.pathname === '/' || !isMissing(error)) throw error
    }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
