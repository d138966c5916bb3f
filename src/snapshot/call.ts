/**
 * A frame as it is shown: who wrote it, in which package, under which path. The classes are
 * panicparse's (github.com/maruel/panicparse stack.Location) with the meaning they have in Node.
 */
import { cleanText, cutEnd, cutStart } from '../convert/clean-text.ts'
import { classifyScript, evaluated, type Script } from '../convert/script-origin.ts'
import { limits } from '../pprof/profile.ts'
import type { Frame } from './entry.ts'
import { installedPackage, type Package, type Sources } from './packages.ts'

/** In the order in which they make a bucket important; `unknown` comes last. */
export const locations = [
  /** The package of the entry script. */
  'main',
  /** Other packages of the workspace. */
  'application',
  /** Files outside the workspace and outside node_modules: linked packages. */
  'linked',
  /** Below node_modules. */
  'dependency',
  /** `node:` */
  'runtime',
  /** Evaluated code, WebAssembly, native code, scripts from elsewhere. */
  'unknown',
] as const

export type Location = (typeof locations)[number]

export interface Call {
  /** The same for equal frames, and only for them, of one Calls. */
  readonly id: number
  /** The same for frames of the same function and line. */
  readonly placeId: number
  /** As V8 names it, fit to be shown. */
  readonly function: string
  readonly isAsync: boolean
  /** Path or URL; empty for native code. */
  readonly file: string
  /** 1-based; 0 where unknown. */
  readonly line: number
  readonly column: number
  readonly location: Location
  /** `main`, `node`, the package's name, or empty where there is none. */
  readonly package: string
  /** Of the package; empty where unknown. */
  readonly version: string
  /** The file within its package or the working directory, else the whole path. */
  readonly path: string
  readonly packageInfo: Package | undefined
}

/** Lines that people write are shorter; beyond it the code is generated, and its columns are its lines. */
const maxWrittenColumn = 300

/** The calls of one or more recordings, each different one once. */
export class Calls {
  readonly #sources: Sources
  readonly #calls = new Map<string, Call>()
  readonly #placeIds = new Map<string, number>()
  readonly #places = new Map<string, Place>()

  constructor(sources: Sources) {
    this.#sources = sources
  }

  of(frame: Frame): Call {
    const prefix = `${frame.isAsync ? 'a' : ''}\0${frame.function}\0${frame.line}\0`
    const key = `${prefix}${frame.column}\0${frame.url}`
    const known = this.#calls.get(key)
    if (known) return known
    const place = this.#placeOf(frame)
    const column = frame.column > maxWrittenColumn ? frame.column : 0
    const call: Call = {
      ...place,
      id: this.#calls.size,
      placeId: idOf(this.#placeIds, `${prefix}${column}\0${place.file}`),
      function: cutEnd(cleanText(frame.function), limits.functionNameBytes) || '(anonymous)',
      isAsync: frame.isAsync === true,
      line: frame.line,
      column: frame.column,
    }
    this.#calls.set(key, call)
    return call
  }

  #placeOf({ url, line }: Frame): Place {
    const key = url === '' && line > 0 ? evaluated.file : url
    const known = this.#places.get(key)
    if (known) return known
    const script =
      key === evaluated.file ? evaluated : classifyScript(url, this.#sources.workingDirectory)
    const { file, path, ...rest } = locate(script, this.#sources)
    const place = { ...rest, file: fitPath(file), path: fitPath(path) }
    this.#places.set(key, place)
    return place
  }
}

function fitPath(path: string): string {
  return cutStart(cleanText(path), limits.fileNameBytes)
}

type Place = Pick<Call, 'file' | 'location' | 'package' | 'version' | 'path' | 'packageInfo'>

function locate({ file, origin, module }: Script, sources: Sources): Place {
  const place = { file, version: '', path: file, packageInfo: undefined }
  if (origin === 'node') {
    return { ...place, location: 'runtime', package: 'node', path: file.slice('node:'.length) }
  }
  if (origin === 'dependency') return { ...place, ...dependency(file, sources) }
  if (origin !== 'application') return { ...place, location: 'unknown', package: '' }
  const isLocal = /^(?:\/|[A-Za-z]:\/)/.test(file)
  if (!isLocal) return { ...place, location: 'main', package: 'main', path: module }
  return { ...place, ...ownFile(file, sources) }
}

function dependency(file: string, sources: Sources): Omit<Place, 'file'> {
  const installed = installedPackage(file)
  const found = sources.packageOf?.(file)
  const folder = installed?.folder ?? ''
  // Packages hold package.json files of their own that only say `"type": "module"`.
  const packageInfo = found?.name === installed?.name ? found : undefined
  return {
    location: 'dependency',
    package: cleanText(packageInfo?.name ?? installed?.name ?? ''),
    version: cleanText(packageInfo?.version || installed?.version || ''),
    path: relative(file, folder) ?? file,
    packageInfo,
  }
}

function ownFile(file: string, sources: Sources): Omit<Place, 'file'> {
  const { workingDirectory, mainFolder = workingDirectory } = sources
  const packageInfo = sources.packageOf?.(file)
  const shown = relative(file, workingDirectory)
  const name = cleanText(packageInfo?.name ?? '')
  const rest = { version: cleanText(packageInfo?.version ?? ''), packageInfo }
  const isOther =
    packageInfo !== undefined && trimSlash(packageInfo.folder) !== trimSlash(mainFolder)
  if (relative(file, mainFolder) !== undefined && !isOther) {
    return { ...rest, location: 'main', package: 'main', path: shown ?? file }
  }
  const location = shown === undefined ? 'linked' : 'application'
  const path = shown ?? relative(file, packageInfo?.folder ?? '') ?? file
  return { ...rest, location, package: name || location, path }
}

/** Undefined where the file is not in the folder, or the folder is unknown. */
function relative(file: string, folder: string): string | undefined {
  if (folder === '') return undefined
  const base = `${trimSlash(folder.replaceAll('\\', '/'))}/`
  return file.startsWith(base) ? file.slice(base.length) : undefined
}

function trimSlash(folder: string): string {
  return folder.replace(/\/+$/, '')
}

function idOf(ids: Map<string, number>, key: string): number {
  const known = ids.get(key)
  if (known !== undefined) return known
  ids.set(key, ids.size)
  return ids.size - 1
}
