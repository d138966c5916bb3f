/** The packages that files of a target belong to: the nearest package.json says name and version. */
import { closeSync } from 'node:fs'
import { posix } from 'node:path'
import type { ByteCache } from './byte-cache.ts'
import type { SourcePackage } from './questions.ts'
import { packageFolder } from './resolve-source.ts'
import { type RootedFiles, readWhole } from './rooted-files.ts'

/** A package.json of npm's registry has a few kB; some have a README in it. */
const maxFileBytes = 256 * 1024
/** Deeper folders are nobody's application. */
const maxFolders = 30
/** Of all files of one recording: nobody has so many, unless to keep us busy. */
const maxLookups = 20_000
/** Longer texts are nobody's name. */
const maxTextLength = 300

export class Packages {
  readonly #files: RootedFiles
  readonly #cache: ByteCache<SourcePackage | undefined>
  readonly #byFolder = new Map<string, SourcePackage | undefined>()
  #lookups = 0

  /** `cache` outlives this object and serves all targets. */
  constructor(files: RootedFiles, cache: ByteCache<SourcePackage | undefined>) {
    this.#files = files
    this.#cache = cache
  }

  /** `file`: an absolute path of the target. */
  of(file: string): SourcePackage | undefined {
    return this.#inFolder(posix.dirname(file), packageFolder(file) ?? '/', 0)
  }

  /** Of the folder or the next one above, `top` the last. */
  #inFolder(folder: string, top: string, depth: number): SourcePackage | undefined {
    if (this.#byFolder.has(folder)) return this.#byFolder.get(folder)
    if (depth === maxFolders || this.#lookups++ >= maxLookups) return undefined
    const own = this.#read(folder)
    const found =
      own ?? (folder === top || folder === '/' ? undefined : this.#above(folder, top, depth))
    this.#byFolder.set(folder, found)
    return found
  }

  #above(folder: string, top: string, depth: number): SourcePackage | undefined {
    return this.#inFolder(posix.dirname(folder), top, depth + 1)
  }

  /** Undefined also where it has no name: such files only say `"type": "module"`. */
  #read(folder: string): SourcePackage | undefined {
    const path = posix.join(folder, 'package.json')
    try {
      const file = this.#files.open(path)
      if (file === undefined) return undefined
      try {
        const key = `${this.#files.rootIdentity}:${path}`
        const known = this.#cache.get(key, file.identity)
        if (known !== undefined) return known
        const text = readWhole(file, maxFileBytes).toString('utf8')
        const found = parsePackage(text, folder)
        // The strings, and what the map and the object take.
        this.#cache.set(key, file.identity, found, 2 * key.length + 1000)
        return found
      } finally {
        closeSync(file.fd)
      }
    } catch {
      // Unreadable or malformed: then it says nothing.
      return undefined
    }
  }
}

function parsePackage(json: string, folder: string): SourcePackage | undefined {
  const content: unknown = JSON.parse(json)
  const name = textOf(member(content, 'name'))
  if (name === '') return undefined
  const repository = member(content, 'repository')
  return {
    name,
    version: textOf(member(content, 'version')),
    folder,
    repository: textOf(repository) || textOf(member(repository, 'url')),
    repositoryFolder: textOf(member(repository, 'directory')),
  }
}

function member(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.getOwnPropertyDescriptor(value, key)?.value
}

function textOf(value: unknown): string {
  return typeof value === 'string' && value.length <= maxTextLength ? value : ''
}
