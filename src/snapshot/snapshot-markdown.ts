/** A snapshot and a leak report as Markdown: for an issue, a chat, or an assistant. */
import { escapeMarkdown } from '../convert/escape-markdown.ts'
import type { Aggregate, Bucket } from './aggregate.ts'
import { bucketHeader, type Change, signed, stackLines } from './bucket-text.ts'
import { describeRecording } from './describe-recording.ts'
import { growth, type SnapshotDiff } from './diff.ts'
import { totalCount } from './entry.ts'

/** More than anybody reads; the rest is counted. */
const maxBuckets = 100
const maxGrown = 20

export function snapshotMarkdown({ recording, buckets, count }: Aggregate): string {
  return lines([
    `# Goroutines of ${escapeMarkdown(recording.target.name)}`,
    '',
    ...describeRecording(recording).map((line) => `- ${escapeMarkdown(line)}`),
    `- buckets: ${buckets.length} of ${count} in all`,
    '',
    ...buckets.slice(0, maxBuckets).flatMap((bucket) => bucketLines('##', bucket)),
    ...leftOut(buckets.length - maxBuckets, 'buckets'),
  ])
}

/** What grew between two recordings, the most first. */
export function leakReport(diff: SnapshotDiff): string {
  const { before, after, changes, durationMs } = diff
  const grown = growth(diff)
  const counts = [totalCount(before.entries), totalCount(after.entries)] as const
  const seconds = Math.round(durationMs / 100) / 10
  const shrunk = changes.filter((change) => change.after < change.before).length
  return lines([
    `# What grew in ${escapeMarkdown(after.target.name)} within ${seconds} s`,
    '',
    `- in all: ${counts[0]} before, ${counts[1]} after (${signed(counts[1] - counts[0])})`,
    `- buckets: ${grown.length} grew, ${shrunk} shrank, ${changes.length - grown.length - shrunk} stayed`,
    '- Growth is not yet a leak: under steady load, what grows in every report leaks.',
    ...describeRecording(after).map((line) => `- ${escapeMarkdown(line)}`),
    '',
    ...grown.slice(0, maxGrown).flatMap(({ bucket, ...change }) => {
      return bucketLines('##', bucket, change)
    }),
    ...leftOut(grown.length - maxGrown, 'buckets that grew'),
  ])
}

/** Stacks are code blocks, in which a target's text is no markup. */
export function bucketLines(marks: string, bucket: Bucket, change?: Change): readonly string[] {
  const stack = stackLines(bucket, 'relative')
  const header = `${marks} ${escapeMarkdown(bucketHeader(bucket, 'relative', change))}`
  return stack.length > 0 ? [header, '', ...stack, ''] : [header, '']
}

function leftOut(count: number, what: string): readonly string[] {
  return count > 0 ? [`${count} more ${what} are not shown.`] : []
}

function lines(all: readonly string[]): string {
  return `${all.join('\n').trimEnd()}\n`
}
