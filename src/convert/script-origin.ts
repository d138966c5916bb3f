/** Where a script comes from: the one place that reads the URLs that V8 gives to scripts. */

export type Origin =
  /** The target's own code. */
  | 'application'
  /** Code in a node_modules folder. */
  | 'dependency'
  /** Node's own JavaScript. */
  | 'node'
  /** V8, C++, the garbage collector, compiled regular expressions. */
  | 'native'
  /** Evaluated code, WebAssembly, scripts from elsewhere. */
  | 'unknown'

export interface Script {
  readonly origin: Origin
  /** Path or URL for people and for `pprof -list`; empty for native code. */
  readonly file: string
  /** What comes before a function's name, such as `express/lib/router/index`; empty for native code. */
  readonly module: string
}

/** Folders above the file that tell apart files outside of the working directory, the file included. */
const tailSegments = 3

export function classifyScript(url: string, workingDirectory: string): Script {
  if (url === '') return { origin: 'native', file: '', module: '' }
  if (url.startsWith('node:')) return { origin: 'node', file: url, module: url }
  if (url.startsWith('data:')) return { origin: 'unknown', file: 'data:', module: 'data' }
  if (url.startsWith('wasm://')) {
    return { origin: 'unknown', file: url, module: `wasm/${url.slice(url.lastIndexOf('/') + 1)}` }
  }
  if (url.startsWith('file://')) return classifyPath(pathOf(url), workingDirectory)
  if (/^(?:\/|[A-Za-z]:[\\/])/.test(url)) return classifyPath(url, workingDirectory)
  return classifyOther(url)
}

/** Evaluated code has a position but no URL. */
export const evaluated: Script = { origin: 'unknown', file: '(eval)', module: 'eval' }

function classifyPath(path: string, workingDirectory: string): Script {
  const file = /^[A-Za-z]:\\/.test(path) ? path.replaceAll('\\', '/') : path
  const base = workingDirectory.replaceAll('\\', '/').replace(/\/+$/, '')
  const isInside = base !== '' && file.startsWith(`${base}/`)
  const shown = isInside ? file.slice(base.length) : file
  const packagePath = afterNodeModules(shown)
  if (packagePath !== undefined) {
    return { origin: 'dependency', file, module: withoutExtension(packagePath) }
  }
  const module = isInside
    ? shown.slice(1)
    : file.split('/').filter(Boolean).slice(-tailSegments).join('/')
  return { origin: 'application', file, module: withoutExtension(module) }
}

/** Bundlers' URLs (`webpack://name/./src/a.js`), http, and names given to vm.Script or by Node (`[eval]`). */
function classifyOther(url: string): Script {
  const path = url.replace(/[?#].*$/s, '').replace(/^[a-z][a-z0-9+.-]*:\/*/i, '')
  const packagePath = afterNodeModules(`/${path}`)
  if (packagePath !== undefined) {
    return { origin: 'dependency', file: url, module: withoutExtension(packagePath) }
  }
  const module = withoutExtension(path.replace(/(?:^|\/)\.\.?(?=\/)/g, '').replace(/^\/+/, ''))
  const isOwn = /^webpack/.test(url) || (!/^[a-z]+:/i.test(url) && module !== path)
  return { origin: isOwn ? 'application' : 'unknown', file: url, module: module || 'script' }
}

/** `express/lib/router.js` out of any of npm's, pnpm's and yarn's layouts: the innermost package. */
function afterNodeModules(path: string): string | undefined {
  const marker = '/node_modules/'
  const at = path.lastIndexOf(marker)
  return at < 0 ? undefined : path.slice(at + marker.length)
}

/** Without what only makes a module load twice (`?v=1`), percent-decoded where it decodes. */
function pathOf(fileUrl: string): string {
  const path = fileUrl.slice('file://'.length).replace(/[?#].*$/s, '')
  const local = /^\/[A-Za-z]:\//.test(path) ? path.slice(1) : path
  try {
    return decodeURIComponent(local)
  } catch {
    return local
  }
}

function withoutExtension(path: string): string {
  return path.replace(/\.[cm]?[jt]sx?$/, '')
}
