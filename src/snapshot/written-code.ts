/** A recording of the code that was written, rather than of what a bundler or compiler made of it. */
import { type FindSources, sourceNotes } from '../convert/source-lookup.ts'
import { writtenFrames } from '../convert/written-frames.ts'
import type { Entry, Frame, GoroutineRecording } from './entry.ts'
import type { Recorded } from './goroutine-formats.ts'

/**
 * Frames that no source map knows stay as they are; what was wrong with maps goes into the notes.
 * `find`: undefined where nobody wants source maps.
 */
export async function recordedAsWritten(
  { recording, before }: Recorded,
  find: FindSources | undefined,
): Promise<Recorded> {
  if (find === undefined) return { recording, before }
  const frames = await writtenFrames([...framesOf(recording), ...framesOf(before)], find)
  const notes = sourceNotes(frames)
  const asWritten = (each: GoroutineRecording): GoroutineRecording => ({
    ...each,
    entries: each.entries.map((entry) => withFrames(entry, frames.of)),
    notes: [...each.notes, ...notes],
  })
  return { recording: asWritten(recording), before: before && asWritten(before) }
}

function withFrames(entry: Entry, written: (frame: Frame) => Frame): Entry {
  const { stack, createdBy } = entry
  return {
    ...entry,
    stack: stack.map(written),
    ...(createdBy === undefined ? {} : { createdBy: written(createdBy) }),
  }
}

function* framesOf(recording: GoroutineRecording | undefined): Generator<Frame> {
  for (const { stack, createdBy } of recording?.entries ?? []) {
    yield* stack
    if (createdBy !== undefined) yield createdBy
  }
}
