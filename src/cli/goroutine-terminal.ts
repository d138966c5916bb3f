/** What `pprofd goroutine` prints: what the snapshot is and leaves out, then the buckets. */
import { type AggregateOptions, aggregate } from '../snapshot/aggregate.ts'
import { signed } from '../snapshot/bucket-text.ts'
import { describeRecording } from '../snapshot/describe-recording.ts'
import { diffSnapshots, growth } from '../snapshot/diff.ts'
import { type GoroutineRecording, totalCount } from '../snapshot/entry.ts'
import type { Recorded } from '../snapshot/goroutine-formats.ts'
import { type ShownBucket, type TerminalOptions, terminalText } from '../snapshot/terminal-text.ts'

interface Options extends AggregateOptions {
  readonly terminal: TerminalOptions
}

export function goroutineTerminal({ recording, before }: Recorded, options: Options): string {
  const head = description(recording)
  if (before === undefined) {
    const { buckets } = aggregate(recording, options)
    return text(
      head,
      buckets.map((bucket) => ({ bucket })),
      options,
    )
  }
  const diff = diffSnapshots(before, recording, options)
  const { changes, durationMs, after } = diff
  const grown = growth(diff)
  const shrunk = changes.filter((change) => change.after < change.before)
  const [old, now] = [totalCount(before.entries), totalCount(after.entries)]
  const counts = [
    `in ${Math.round(durationMs / 100) / 10} s: ${old} before, ${now} after (${signed(now - old)})`,
    `buckets: ${grown.length} grew, ${shrunk.length} shrank, ${changes.length - grown.length - shrunk.length} stayed and are not shown`,
  ]
  const shown = [...grown, ...shrunk].map(({ bucket, ...change }) => ({ bucket, change }))
  return text([...head, ...counts], shown, options)
}

/** A dump of Go's says nothing of itself but how many there are. */
function description(recording: GoroutineRecording): readonly string[] {
  const lines = describeRecording(recording)
  return recording.takenAtMs === 0 ? lines.slice(2, 3) : lines
}

function text(
  head: readonly string[],
  shown: readonly ShownBucket[],
  { terminal }: Options,
): string {
  return `${head.map((line) => `# ${line}\n`).join('')}\n${terminalText(shown, terminal)}\n`
}
