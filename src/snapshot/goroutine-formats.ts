/** The forms of a snapshot, and of the difference of two where `before` is there. */
import { gzipProfile } from '../pprof/gzip-profile.ts'
import { type AggregateOptions, aggregate } from './aggregate.ts'
import { diffSnapshots } from './diff.ts'
import { diffJson } from './diff-json.ts'
import type { GoroutineRecording } from './entry.ts'
import { goroutineCounts } from './goroutine-counts.ts'
import { goroutineJson } from './goroutine-json.ts'
import { type GoroutinePprof, goroutinePprof } from './goroutine-pprof.ts'
import { goroutineText } from './goroutine-text.ts'
import { diffPage, type PageOptions, snapshotPage } from './page.ts'
import { leakReport, snapshotMarkdown } from './snapshot-markdown.ts'

/** `counts` is Go's debug=1, `text` its debug=2; these two cannot hold a difference. */
export const goroutineFormats: Readonly<Record<GoroutineFormat, GoroutineFormatRow>> = {
  pprof: { contentType: 'application/octet-stream', extensions: ['.pb.gz', '.pprof', '.pb'] },
  counts: { contentType: 'text/plain; charset=utf-8', extensions: [] },
  text: { contentType: 'text/plain; charset=utf-8', extensions: ['.txt'] },
  json: { contentType: 'application/json; charset=utf-8', extensions: ['.json'] },
  markdown: { contentType: 'text/markdown; charset=utf-8', extensions: ['.md'] },
  html: { contentType: 'text/html; charset=utf-8', extensions: ['.html'] },
}

export type GoroutineFormat = 'pprof' | 'counts' | 'text' | 'json' | 'markdown' | 'html'

export interface GoroutineFormatRow {
  readonly contentType: string
  /** Of file names, with the dot, the usual one first. */
  readonly extensions: readonly string[]
}

export interface Recorded {
  readonly recording: GoroutineRecording
  /** An earlier one of the same process. */
  readonly before?: GoroutineRecording | undefined
}

export interface FormatOptions extends AggregateOptions {
  readonly page?: PageOptions | undefined
}

export interface EncodedGoroutines {
  readonly bytes: string | Uint8Array
  /** Every address with its function's name, for pprof's symbol request. */
  readonly symbols: GoroutinePprof['symbols']
}

export async function encodeGoroutines(
  recorded: Recorded,
  format: GoroutineFormat,
  options: FormatOptions = {},
): Promise<EncodedGoroutines> {
  const { recording, before } = recorded
  if (format === 'pprof') {
    const { bytes, symbols } = goroutinePprof(recording, before)
    return { bytes: await gzipProfile(bytes), symbols }
  }
  if (format === 'counts') {
    const { text, symbols } = goroutineCounts(recording)
    return { bytes: text, symbols }
  }
  return { bytes: textOf(recorded, format, options), symbols: [] }
}

function textOf(
  { recording, before }: Recorded,
  format: Exclude<GoroutineFormat, 'pprof' | 'counts'>,
  options: FormatOptions,
): string {
  if (format === 'text') return goroutineText(recording)
  if (before === undefined) {
    if (format === 'json') return json(goroutineJson(recording, options))
    const snapshot = aggregate(recording, options)
    if (format === 'markdown') return snapshotMarkdown(snapshot)
    return snapshotPage(snapshot, options.page).html
  }
  const diff = diffSnapshots(before, recording, options)
  if (format === 'json') return json(diffJson(diff))
  return format === 'markdown' ? leakReport(diff) : diffPage(diff, options.page).html
}

function json(value: object): string {
  return `${JSON.stringify(value)}\n`
}
