/** How a bucket and its calls read as plain text: the terminal, Markdown and the page share it. */
import type { Bucket } from './aggregate.ts'
import type { Call } from './call.ts'
import { stateText, threadsText, waitText } from './state-text.ts'

/** `base`: the file's name; `relative`: within its package or the working directory; `full`: all of it. */
export type PathForm = 'base' | 'relative' | 'full'

/** How many there were in an earlier recording, where there is one. */
export interface Change {
  readonly before: number
  readonly after: number
}

/** panicparse's header: `3: async-function awaiting [2~6 minutes] [waits for lock *]`. */
export function bucketHeader(bucket: Bucket, paths: PathForm, change?: Change): string {
  return `${countText(bucket, change)}: ${stateText(bucket)}${bucketNotes(bucket, paths).join('')}`
}

/** `3`, or `7 (+4)` since an earlier recording. */
export function countText({ count }: Bucket, change?: Change): string {
  return change ? `${change.after} (${signed(change.after - change.before)})` : String(count)
}

export function signed(value: number): string {
  return value > 0 ? `+${value}` : `${value}`
}

/** What is known of a bucket besides its state, each in brackets with a blank before it. */
export function bucketNotes(bucket: Bucket, paths: PathForm): readonly string[] {
  const { wait, waitsFor, threads, createdBy } = bucket
  const thread = threadsText(threads)
  const notes = [
    waitText(wait),
    waitsFor === undefined || waitsFor === '' ? '' : `waits for ${waitsFor}`,
    thread === '' ? '' : `thread ${thread}`,
    createdBy ? `Created by ${callName(createdBy)} @ ${placeText(createdBy, paths)}` : '',
  ]
  return notes.filter((note) => note !== '').map((note) => ` [${note}]`)
}

/** `async Mutex.acquire` */
export function callName(call: Call): string {
  return `${call.isAsync ? 'async ' : ''}${call.function}`
}

/** `express@4.19.2` */
export function packageText({ package: name, version, location }: Call): string {
  return version === '' || location === 'main' ? name : `${name}@${version}`
}

/** `src/mutex.js:12`; the columns of generated code count, too. */
export function placeText(call: Call, paths: PathForm): string {
  const { file, path, line } = call
  if (file === '') return '(native)'
  const shown = paths === 'full' ? file : path
  const name = paths === 'base' ? shown.slice(shown.lastIndexOf('/') + 1) : shown
  return line > 0 ? `${name}:${line}` : name
}

/** Widths in characters. */
export interface StackColumns {
  readonly package: number
  readonly place: number
}

/** As wide as the widest cell of all these stacks. */
export function stackColumns(stacks: Iterable<readonly Call[]>, paths: PathForm): StackColumns {
  let [packageWidth, placeWidth] = [0, 0]
  for (const call of [...stacks].flat()) {
    packageWidth = Math.max(packageWidth, packageText(call).length)
    placeWidth = Math.max(placeWidth, placeText(call, paths).length)
  }
  return { package: packageWidth, place: placeWidth }
}

/** panicparse's frames: indented by 4, `(...)` where the stack was cut. */
export function stackLines(
  { stack, elided }: Bucket,
  paths: PathForm,
  columns: StackColumns = stackColumns([stack], paths),
): readonly string[] {
  const lines = stack.map((call) => {
    const name = packageText(call).padEnd(columns.package)
    return `    ${name} ${placeText(call, paths).padEnd(columns.place)} ${callName(call)}`
  })
  return elided ? [...lines, '    (...)'] : lines
}
