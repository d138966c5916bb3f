/** Node's categories of trace events: which there are, and which a trace has unless it is asked for others. */

/**
 * Of Node 18 to 26 (`NodeTracing.getCategories`), without those that have never told anything of a
 * running program (node.bootstrap, node.console) and `node`, which means all of them.
 */
export const traceCategories = [
  'node.async_hooks',
  'node.dns.native',
  'node.environment',
  'node.fs.async',
  'node.fs.sync',
  'node.fs_dir.async',
  'node.fs_dir.sync',
  'node.http',
  'node.net.native',
  'node.perf',
  'node.promises.rejections',
  'node.threadpoolwork.async',
  'node.threadpoolwork.sync',
  'node.vm.script',
  'v8',
] as const

export type TraceCategory = (typeof traceCategories)[number]

/** By measured cost: see docs/endpoints/trace.md. */
export const defaultTraceCategories: readonly TraceCategory[] = [
  'node.dns.native',
  'node.environment',
  'node.fs.async',
  'node.http',
  'node.net.native',
  'node.promises.rejections',
  'v8',
]

/** `none` records stacks only; undefined where a name is unknown. */
export function readTraceCategories(text: string): readonly TraceCategory[] | undefined {
  if (text === 'none') return []
  const names = text.split(',').map((name) => name.trim())
  const found = traceCategories.filter((category) => names.includes(category))
  return names.length === 0 || !names.every(isCategory) ? undefined : found
}

function isCategory(name: string): boolean {
  return traceCategories.some((category) => category === name)
}
