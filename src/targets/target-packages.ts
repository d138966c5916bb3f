/**
 * Which npm packages the files of a target belong to, read through the target's own root. What its
 * package.json files say is the target's word; only the fields below leave them.
 */
import { dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { readSmallFile } from './package-name.ts'
import { scriptArgument } from './script-argument.ts'
import type { Target } from './target.ts'

export interface FilePackage {
  readonly name: string
  /** Empty where unknown. */
  readonly version: string
  /** The folder of its package.json. */
  readonly folder: string
  /** `repository`, or `repository.url`; empty where it says nothing. */
  readonly repository: string
  /** `repository.directory` */
  readonly repositoryFolder: string
}

export interface TargetPackages {
  readonly workingDirectory: string
  /** The folder of the entry script's package; undefined where unknown. */
  readonly mainFolder: string | undefined
  readonly packageOf: (path: string) => FilePackage | undefined
}

/** A large service has some hundred packages, and each folder is asked once. */
const maxReads = 2000

/** Deeper paths are nobody's application. */
const maxFolders = 30

/** A file system that hangs shall not hold up an answer; names are shown without versions then. */
const timeLimitMs = 500

/** The nearest package.json with a name above each file, as far as limits of time and number allow. */
export async function readTargetPackages(
  { pid, argv, workingDirectory }: Target,
  files: Iterable<string>,
  procRoot: string,
): Promise<TargetPackages> {
  const lookup = new Lookup(join(procRoot, String(pid), 'root'))
  const script = scriptArgument(argv)
  const entry = script === undefined ? '/' : resolve(workingDirectory || '/', script)
  if (pid !== 0) {
    const done = new AbortController()
    const timeUp = delay(timeLimitMs, undefined, { signal: done.signal }).catch(() => {})
    await Promise.race([lookup.readAll([entry, ...files]), timeUp])
    done.abort()
  }
  return {
    workingDirectory,
    mainFolder: lookup.packageOf(entry)?.folder,
    packageOf: (path) => lookup.packageOf(path),
  }
}

class Lookup {
  readonly #root: string
  /** By folder: the package.json in it, if it has a name. */
  readonly #read = new Map<string, FilePackage | undefined>()

  constructor(root: string) {
    this.#root = root
  }

  /** One after the other: nearly all folders are the same. */
  async readAll(files: Iterable<string>): Promise<void> {
    for (const file of files) {
      for (const folder of foldersAbove(file)) {
        if (this.#read.size >= maxReads) return
        if (!this.#read.has(folder)) this.#read.set(folder, await this.#package(folder))
        if (this.#read.get(folder) !== undefined) break
      }
    }
  }

  packageOf(file: string): FilePackage | undefined {
    for (const folder of foldersAbove(file)) {
      const found = this.#read.get(folder)
      if (found !== undefined) return found
    }
    return undefined
  }

  async #package(folder: string): Promise<FilePackage | undefined> {
    const text = await readSmallFile(join(this.#root, folder, 'package.json'))
    return text === undefined ? undefined : readPackage(text, folder)
  }
}

/** Nearest first. */
function foldersAbove(file: string): readonly string[] {
  const folders: string[] = []
  // Against `/`: no `..` leads out of the target's root.
  let folder = dirname(resolve('/', file))
  while (folders.length < maxFolders) {
    folders.push(folder)
    if (folder === '/') break
    folder = dirname(folder)
  }
  return folders
}

/** Undefined without a name: packages hold package.json files that only say `"type": "module"`. */
function readPackage(text: string, folder: string): FilePackage | undefined {
  const { name, version, repository } = fieldsOf(parsed(text))
  if (typeof name !== 'string' || name === '') return undefined
  const { url, directory } = fieldsOf(repository)
  return {
    name,
    version: textOf(version),
    folder,
    repository: textOf(typeof repository === 'string' ? repository : url),
    repositoryFolder: textOf(directory),
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

/** Longer ones are nobody's version or address. */
function textOf(value: unknown): string {
  return typeof value === 'string' && value.length <= 500 ? value : ''
}
