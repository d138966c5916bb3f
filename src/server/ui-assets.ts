/**
 * The files of dist/ui: the landing page's script and style, and speedscope. The build puts them there,
 * a list says which there are, and each is read once.
 */
import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { uiFolder } from '../package-files.ts'

export interface UiAsset {
  readonly contentType: string
  readonly bytes: Uint8Array
  /** Undefined where it is not worth it. */
  readonly gzipped: Uint8Array | undefined
}

const contentTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.md': 'text/plain; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
}

/** Smaller files gain nothing. */
const minGzipBytes = 1024

export class UiAssets {
  readonly #folder: string
  readonly #names: ReadonlySet<string>
  readonly #read = new Map<string, Promise<UiAsset>>()

  constructor(name: 'page' | 'speedscope') {
    this.#folder = join(uiFolder, name)
    this.#names = new Set(namesIn(this.#folder))
  }

  get names(): readonly string[] {
    return [...this.#names].sort()
  }

  /** Undefined where there is no such file. */
  find(name: string): Promise<UiAsset> | undefined {
    if (!this.#names.has(name)) return undefined
    const known = this.#read.get(name)
    if (known !== undefined) return known
    const asset = readAsset(this.#folder, name)
    this.#read.set(name, asset)
    return asset
  }

  /** Of all files: another build has another one. */
  async version(): Promise<string> {
    const hash = createHash('sha256')
    for (const name of this.names) {
      hash.update(`${name}\0`)
      hash.update((await this.find(name))?.bytes ?? '')
    }
    return hash.digest('base64url').slice(0, 12)
  }
}

/** None where nothing was built, as in a test of the source alone. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

async function readAsset(folder: string, name: string): Promise<UiAsset> {
  const bytes = await readFile(join(folder, name))
  const extension = extname(name)
  const isDense = extension === '.png' || extension === '.woff2'
  const gzipped = isDense || bytes.length < minGzipBytes ? undefined : await promisify(gzip)(bytes)
  const contentType = contentTypes[extension] ?? 'application/octet-stream'
  return { contentType, bytes, gzipped }
}
