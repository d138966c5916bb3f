/** The npm packages that files of a target belong to. Pure: who may read the files looks them up. */
import { classifyScript } from '../convert/script-origin.ts'
import type { GoroutineRecording } from './entry.ts'

export interface Package {
  readonly name: string
  /** Empty where unknown. */
  readonly version: string
  /** The folder of its package.json, without a slash at the end. */
  readonly folder: string
  /** What package.json says in `repository` or `repository.url`; empty where it says nothing. */
  readonly repository: string
  /** `repository.directory` of package.json: where the package is in its repository. */
  readonly repositoryFolder: string
}

/** Where a target's files are; decides who wrote a frame and how it is shown. */
export interface Sources {
  /** Of the target; paths are shown relative to it. Empty where unknown. */
  readonly workingDirectory: string
  /** The folder of the entry script's package. Default: the working directory. */
  readonly mainFolder?: string | undefined
  /** The nearest package.json above a path of the target, as far as it is known. */
  readonly packageOf?: ((path: string) => Package | undefined) | undefined
}

/** The paths of the target whose packages `packageOf` will be asked for. */
export function localFiles({ entries, target }: GoroutineRecording): ReadonlySet<string> {
  const urls = new Set<string>()
  for (const { stack, createdBy } of entries) {
    for (const { url } of stack) urls.add(url)
    if (createdBy) urls.add(createdBy.url)
  }
  const files = Array.from(urls, (url) => classifyScript(url, target.workingDirectory).file)
  return new Set(files.filter((file) => /^(?:\/|[A-Za-z]:\/)/.test(file)))
}

export interface InstalledPackage {
  readonly name: string
  /** Empty unless the path says it, as pnpm's does. */
  readonly version: string
  readonly folder: string
}

/** What a path below node_modules says of its package, the innermost one; undefined for other paths. */
export function installedPackage(path: string): InstalledPackage | undefined {
  const marker = 'node_modules/'
  const at = `/${path}`.lastIndexOf(`/${marker}`)
  if (at < 0) return undefined
  const inside = path.slice(at + marker.length)
  const name = /^(?:@[^/]+\/)?[^/]+(?=\/)/.exec(inside)?.[0]
  if (name === undefined) return undefined
  const folder = path.slice(0, at + marker.length) + name
  return { name, version: pnpmVersion(path.slice(0, at), name), folder }
}

/** `.../.pnpm/@acme+tax@1.2.0_peer@3.0.0/` holds @acme/tax at 1.2.0. */
function pnpmVersion(above: string, name: string): string {
  const store = above.slice(above.lastIndexOf('/.pnpm/') + '/.pnpm/'.length).replace(/\/$/, '')
  const prefix = `${name.replace('/', '+')}@`
  if (!above.includes('/.pnpm/') || !store.startsWith(prefix)) return ''
  return /^\d+\.\d+\.\d+(?:-[\w.-]+?)?(?=$|[_(])/.exec(store.slice(prefix.length))?.[0] ?? ''
}
