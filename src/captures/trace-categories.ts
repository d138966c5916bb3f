/** Node's categories of trace events: which there are, and which a trace has unless it is asked for others. */
import { CaptureError, InputError } from '../errors.ts'

/**
 * Of Node 18 to 26 (`NodeTracing.getCategories`), without those that have never told anything of a
 * running program (node.bootstrap, node.console), `node`, which means all of them, and node.async_hooks:
 * each promise and tick is an event, up to a million a second, and Node 24 died of it (two of three
 * targets that awaited without a rest, see node-tracing.ts).
 */
export const traceCategories = [
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

/**
 * By measured cost, and by how often they come at most: see docs/endpoints/trace.md. Not node.http: a busy
 * server makes enough of them to fill Node's buffer while pprofd is kept from fetching for a second or two.
 */
export const defaultTraceCategories: readonly TraceCategory[] = [
  'node.dns.native',
  'node.net.native',
  'node.promises.rejections',
  'v8',
]

/**
 * A program can make these come by the 100,000 a second. That costs it dearly, and Node may die of it,
 * above all with worker threads: two of five targets on Node 20 whose two workers did nothing but
 * `fs.access` (node.fs.async, see node-tracing.ts).
 */
const floods: ReadonlySet<string> = new Set<TraceCategory>([
  'node.environment',
  'node.fs.async',
  'node.fs.sync',
  'node.fs_dir.async',
  'node.fs_dir.sync',
  'node.threadpoolwork.async',
  'node.threadpoolwork.sync',
])

/** @throws {CaptureError} capture-too-costly where one of them may flood the target. */
export function refuseFloods(categories: readonly TraceCategory[]): void {
  const found = categories.filter((category) => floods.has(category))
  if (found.length === 0) return
  throw new CaptureError(
    'capture-too-costly',
    `${found.join(' and ')} may come so often that the target suffers; force=1 traces it all the same`,
  )
}

/**
 * Names with commas between them, or `none` for stacks only.
 * @throws {InputError} parameter-invalid naming `parameter` and the choices.
 */
export function readTraceCategories(text: string, parameter: string): readonly TraceCategory[] {
  const names = text.split(',').map((name) => name.trim())
  if (names.length === 1 && names[0] === 'none') return []
  const unknown = names.find((name) => !traceCategories.some((category) => category === name))
  if (unknown === undefined) return traceCategories.filter((name) => names.includes(name))
  const asked = JSON.stringify(unknown.slice(0, 40))
  const choices = `none, or of ${traceCategories.join(', ')}`
  throw new InputError('parameter-invalid', `${parameter} must be ${choices}, not ${asked}`)
}
