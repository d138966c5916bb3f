/** Runs in the target, see target-source.ts: V8's stack as data (v8.dev/docs/stack-trace-api). */

/** Function name, URL, line, column (1-based), and 1 where it is an async frame. */
export type RawFrame = readonly [string, string, number, number, 0 | 1]

export interface CallSite {
  getFunctionName(): string | null
  getTypeName(): string | null
  getFileName(): string | null | undefined
  getScriptNameOrSourceURL(): string | null | undefined
  getLineNumber(): number | null
  getColumnNumber(): number | null
  isToplevel(): boolean
  isConstructor(): boolean
  isAsync?(): boolean
  getPromiseIndex?(): number | null
}

/** The calls around `below`, nearest first, then the async functions that await them. */
export function callSites(
  below: (...parameters: never[]) => unknown,
  maxFrames: number,
): readonly CallSite[] {
  const saved = ['stackTraceLimit', 'prepareStackTrace'].map(
    (key) => [key, Object.getOwnPropertyDescriptor(Error, key)] as const,
  )
  const holder: { stack?: unknown } = {}
  try {
    Error.stackTraceLimit = maxFrames
    Error.prepareStackTrace = (_error, sites) => sites
    Error.captureStackTrace(holder, below)
    return Array.isArray(holder.stack) ? holder.stack : []
  } finally {
    for (const [key, descriptor] of saved) {
      if (descriptor === undefined) Reflect.deleteProperty(Error, key)
      else Object.defineProperty(Error, key, descriptor)
    }
  }
}

export function rawFrame(site: CallSite): RawFrame {
  return [
    callName(site),
    site.getFileName() ?? site.getScriptNameOrSourceURL() ?? '',
    site.getLineNumber() ?? 0,
    site.getColumnNumber() ?? 0,
    site.isAsync?.() ? 1 : 0,
  ]
}

/** As V8 writes calls, but `Object.` and other words that say nothing are left out. */
export function callName(site: CallSite): string {
  const name = site.getFunctionName() ?? ''
  const index = site.getPromiseIndex?.() ?? null
  if (index !== null) return `Promise.${name.replace(/^.*\./, '')} (index ${index})`
  if (name === '') return '(anonymous)'
  if (site.isConstructor()) return `new ${name}`
  const type = site.getTypeName()
  const plain = ['Object', 'Function', 'Module', 'global', 'Timeout', 'Immediate']
  const isPlain = type === null || plain.includes(type)
  return isPlain || site.isToplevel() || name.includes('.') ? name : `${type}.${name}`
}
