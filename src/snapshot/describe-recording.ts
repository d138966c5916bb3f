import { cleanText } from '../convert/clean-text.ts'
import { type GoroutineRecording, totalCount } from './entry.ts'

/** What the recording is and what it leaves out, one sentence each, for every form that has room. */
export function describeRecording(recording: GoroutineRecording): readonly string[] {
  const { target, cuts, notes, entries } = recording
  const total = totalCount(entries)
  const cost = Math.round(recording.targetCostMs * 10) / 10
  return [
    `target: ${target.name}, pid ${target.pid}, node ${target.nodeVersion}`,
    `taken: ${new Date(recording.takenAtMs).toISOString()}, the target worked ${cost} ms for it`,
    `found: ${total} in ${entries.length} ${entries.length === 1 ? 'entry' : 'entries'}`,
    `suspended functions: ${censusText[recording.census]}`,
    ...cuts.map(({ what, shown, total }) => `cut: ${shown} of ${total} ${what} shown`),
    ...notes.map((note) => `note: ${note}`),
  ].map(cleanText)
}

const censusText: Readonly<Record<GoroutineRecording['census'], string>> = {
  exact: "all, counted in the process's memory",
  none: 'only those that something listed here leads to',
  snapshot: 'all of the main thread, counted in a heap snapshot',
  promises: 'found by their promises, some counted twice',
}
