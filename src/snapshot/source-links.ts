/**
 * Links from calls to their sources and packages. What package.json files say is the target's word:
 * it becomes part of a link to the known hosts below, or of none.
 */
import type { Call } from './call.ts'

export interface LinkOptions {
  /** `process.version` of the target. */
  readonly nodeVersion: string
  /** Where application files are, such as an editor or a git host. Default: `file:///`. */
  readonly applicationLink?: ((call: Call) => string | undefined) | undefined
}

/** Undefined where there is no source to show. */
export function sourceLink(call: Call, options: LinkOptions): string | undefined {
  if (call.location === 'runtime') return runtimeSource(call, options.nodeVersion)
  if (call.location === 'unknown' || /(?:^|\/)\.{1,2}(?:\/|$)/.test(call.file)) return undefined
  if (call.location === 'dependency') return repositoryLink(call) ?? packageLink(call, options)
  return options.applicationLink?.(call) ?? fileLink(call.file)
}

/** A package's page at npm's registry, Node's documentation of a module. */
export function packageLink(call: Call, { nodeVersion }: LinkOptions): string | undefined {
  if (call.location === 'runtime') return runtimeDocs(call, nodeVersion)
  if (call.location !== 'dependency' || !packageName.test(call.package)) return undefined
  const page = `https://www.npmjs.com/package/${call.package}`
  return version.test(call.version) ? `${page}/v/${encodeURIComponent(call.version)}` : page
}

/** Released versions only: others have no tag and no documentation. */
const releasedNode = /^v\d+\.\d+\.\d+$/
const version = /^\d+\.\d+\.\d+[\w.+-]*$/

/** https://github.com/npm/validate-npm-package-name, as far as old names go. */
const packageName = /^(?:@[\w.~-]+\/)?[\w.~-]+$/

function runtimeSource({ path, line }: Call, nodeVersion: string): string | undefined {
  if (!releasedNode.test(nodeVersion)) return undefined
  // Bundled packages have modules of their own names: node:internal/deps/undici/undici.
  const bundled = /^internal\/deps\/(.+)$/.exec(path)?.[1]
  const file = bundled === undefined ? `lib/${path}.js` : `deps/${bundled}.js`
  return `https://github.com/nodejs/node/blob/${nodeVersion}/${encodePath(file)}${anchor(line)}`
}

function runtimeDocs({ path }: Call, nodeVersion: string): string | undefined {
  const module = /^[a-z]\w*/.exec(path)?.[0]
  if (module === undefined || module === 'internal' || !releasedNode.test(nodeVersion)) {
    return undefined
  }
  return `https://nodejs.org/docs/${nodeVersion}/api/${module}.html`
}

/** What packages write into `repository`: shorthands of npm, URLs, ssh addresses. */
const repositoryPatterns: readonly RegExp[] = [
  /^(?<host>github|gitlab|bitbucket):(?<path>[\w.-]+\/[\w.-]+)$/,
  /^(?<path>[\w.-]+\/[\w.-]+)$/,
  /^(?:git\+)?(?:https?|git|ssh):\/\/(?:git@)?(?:www\.)?(?<host>github|gitlab|bitbucket)\.(?:com|org)\/(?<path>[\w.-]+\/[\w.-]+?)(?:\.git)?\/?(?:[#?].*)?$/,
  /^git@(?<host>github|gitlab|bitbucket)\.(?:com|org):(?<path>[\w.-]+\/[\w.-]+?)(?:\.git)?$/,
]

/** The tag that nearly all packages have; monorepos name theirs otherwise, and then the link leads nowhere. */
function repositoryLink({ packageInfo, version: own, path, line }: Call): string | undefined {
  if (!packageInfo || !version.test(own)) return undefined
  const { repository, repositoryFolder } = packageInfo
  const groups = repositoryPatterns.map((pattern) => pattern.exec(repository)?.groups).find(Boolean)
  if (!groups?.path || groups.path.split('/').some((part) => /^\.+$/.test(part))) return undefined
  const folder = repositoryFolder.replace(/^[./]+|\/+$/g, '')
  const file = encodePath(folder === '' ? path : `${folder}/${path}`)
  const tag = `v${encodeURIComponent(own)}`
  const repositoryPath = groups.path
  if (groups.host === 'gitlab') {
    return `https://gitlab.com/${repositoryPath}/-/blob/${tag}/${file}${anchor(line)}`
  }
  if (groups.host === 'bitbucket') {
    return `https://bitbucket.org/${repositoryPath}/src/${tag}/${file}`
  }
  return `https://github.com/${repositoryPath}/blob/${tag}/${file}${anchor(line)}`
}

function fileLink(file: string): string | undefined {
  if (file.startsWith('/')) return `file://${encodePath(file)}`
  return /^[A-Za-z]:\//.test(file) ? `file:///${encodePath(file)}` : undefined
}

function encodePath(path: string): string {
  return path.split('/').map(encodePart).join('/')
}

/** Colons and `@` are fine in a path and easier to read. */
function encodePart(part: string): string {
  return encodeURIComponent(part).replaceAll('%3A', ':').replaceAll('%40', '@')
}

function anchor(line: number): string {
  return line > 0 ? `#L${line}` : ''
}
