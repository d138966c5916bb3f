/**
 * `debug=2`: one block for each entry in the form of Go's runtime.Stack, which gostackparse and
 * people read:
 *
 *     # labels: {"kind":"async-function", "thread":"main"}
 *     goroutine 7 [async-function awaiting, 12 minutes]:
 *     Mutex.acquire(...)
 *     	/srv/shop/src/mutex.js:12 +0x1f
 *     created by handler
 *     	/srv/shop/src/app.js:3 +0x5
 *
 * What Go's form has no place for stands in `#` lines before the block, which its readers pass over:
 * thread, kind, exact wait, what it waits for, and for how many the entry stands. The first line of
 * all holds the rest of the recording, so that parse-goroutines.ts gives the same recording back.
 */
import { cleanText } from '../convert/clean-text.ts'
import { describeRecording } from './describe-recording.ts'
import type { Entry, GoroutineRecording } from './entry.ts'
import { createdByLine, fileLine, functionLine } from './goroutine-lines.ts'
import { stackless, stateText } from './state-text.ts'

/** gostackparse knows this one only; newer Go counts the frames. */
export const elidedLine = '...additional frames elided...'

export const recordingPrefix = '# recording: '
export const labelsPrefix = '# labels: '

export function goroutineText(recording: GoroutineRecording): string {
  const { entries, ...rest } = recording
  const blocks = entries.map((entry) => `${blockLines(entry).join('\n')}\n\n`)
  const comments = describeRecording(recording).map((line) => `# ${line}\n`)
  return `${recordingPrefix}${cleanText(JSON.stringify(rest))}\n${comments.join('')}\n${blocks.join('')}`
}

function blockLines(entry: Entry): readonly string[] {
  const { id, kind, stack, elided, createdBy } = entry
  const frames =
    stack.length > 0 ? stack : [{ function: stackless(kind), url: '', line: 0, column: 0 }]
  return [
    labelsPrefix + labels(entry),
    `goroutine ${id} [${headerState(entry)}${minutes(entry)}]:`,
    ...frames.flatMap((frame) => [functionLine(frame), fileLine(frame)]),
    ...(elided ? [elidedLine] : []),
    ...(createdBy ? [createdByLine(createdBy), fileLine(createdBy)] : []),
  ]
}

/** Go's own spelling of labels, which is JSON with blanks. Only what the block itself cannot say. */
function labels(entry: Entry): string {
  const { kind, thread, count, wait, waitsFor } = entry
  const state = stateText(entry)
  const all: Record<string, string | undefined> = {
    kind,
    thread,
    count: count === 1 ? undefined : String(count),
    state: headerState(entry) === state && entry.state !== '' ? undefined : entry.state,
    wait_ms: wait && (wait.minMs === wait.maxMs ? `${wait.minMs}` : `${wait.minMs}~${wait.maxMs}`),
    waits_for: waitsFor,
  }
  const pairs = Object.entries(all).flatMap(([key, value]) => {
    return value === undefined ? [] : [`"${key}":${JSON.stringify(cleanText(value))}`]
  })
  return `{${pairs.join(', ')}}`
}

/** Readers end the state at the first comma, and take what ends in ` minutes` for a wait. */
function headerState(entry: Entry): string {
  return cleanText(stateText(entry))
    .replaceAll(',', ';')
    .replace(/ minutes$/, ' minutes.')
}

/** Whole minutes only, as in Go; of an entry that stands for several, the shortest wait. */
function minutes({ wait }: Entry): string {
  const whole = Math.floor((wait?.minMs ?? 0) / 60_000)
  return whole > 0 ? `, ${whole} minutes` : ''
}
