/** What a map's `sources` stand for: paths in the target, or the URLs that bundlers make up. */
import { posix } from 'node:path'
import { filePath, percentDecoded } from './script-path.ts'

/**
 * `mapPath`: absolute path of the map's file, or of the script that holds it. Sources of a package in
 * node_modules stay in its folder: the paths of the machine that built it mean other files here.
 */
export function resolveSource(source: string, sourceRoot: string, mapPath: string): string {
  const whole = isAbsolute(source) ? source : withRoot(source, sourceRoot)
  if (/^file:/i.test(whole)) return filePath(whole)
  if (/^[A-Za-z]:[\\/]/.test(whole)) return whole.replaceAll('\\', '/')
  if (isUrl(whole)) return whole
  const folder = packageFolder(mapPath)
  const path = posix.resolve(posix.dirname(mapPath), percentDecoded(whole))
  if (folder === undefined || path.startsWith(`${folder}/`)) return path
  return posix.join(folder, posix.resolve('/', whole.replace(/^(?:\.\.?\/)+/, '')))
}

/** `/srv/node_modules/@acme/tax` of `/srv/node_modules/@acme/tax/lib/a.js`: the innermost package. */
export function packageFolder(path: string): string | undefined {
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/s.exec(path)?.[0]
}

/** `src/a.ts` of `webpack://shop/./src/a.ts?1f2e`; undefined for what is no file of the project. */
export function bundlerPath(source: string): string | undefined {
  const path =
    /^(?:webpack|rspack|turbopack|rollup|vite|ng|parcel)(?:-internal)?:\/\/[^/]*\/(.+)$/s.exec(
      source,
    )?.[1]
  if (path === undefined) return undefined
  const relative = posix.normalize(
    percentDecoded(path.replace(/\?[^/]*$/, '').replace(/^\[project\]\//, '')),
  )
  return /^(?:\/|webpack\/|\(|external )/.test(relative) ? undefined : relative
}

function withRoot(source: string, sourceRoot: string): string {
  if (sourceRoot === '') return source
  return sourceRoot.endsWith('/') ? sourceRoot + source : `${sourceRoot}/${source}`
}

function isAbsolute(source: string): boolean {
  return source.startsWith('/') || isUrl(source)
}

/** Two letters at least: one is a drive of Windows. */
function isUrl(source: string): boolean {
  return /^[a-z][a-z0-9+.-]+:/i.test(source)
}
