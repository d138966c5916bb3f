/** A recording of the code that was written, rather than of what a bundler or compiler made of it. */
import { type FindSources, SourceQuestions, sourceNotes } from '../convert/source-lookup.ts'
import type { Entry, Frame, GoroutineRecording } from './entry.ts'
import type { Recorded } from './goroutine-formats.ts'

/** Of both recordings at once, so that every script is asked about once. */
export async function recordedAsWritten(
  recorded: Recorded,
  find: FindSources | undefined,
): Promise<Recorded> {
  if (find === undefined) return recorded
  const both = recorded.before ? [recorded.recording, recorded.before] : [recorded.recording]
  const [recording = recorded.recording, before] = await asWritten(both, find)
  return { recording, before }
}

/** Frames that no source map knows stay as they are; what was wrong with maps goes into the notes. */
export async function asWritten(
  recordings: readonly GoroutineRecording[],
  find: FindSources,
): Promise<readonly GoroutineRecording[]> {
  const questions = new SourceQuestions()
  for (const frame of framesOf(recordings)) {
    const { url, line, column } = frame
    // A snapshot's positions are 1-based, those of source maps 0-based.
    if (line > 0 && column > 0) questions.addPosition(url, line - 1, column - 1, askedName(frame))
  }
  const sources = await find(questions.all())
  const written = (frame: Frame): Frame => {
    const { url, line, column } = frame
    if (line <= 0 || column <= 0) return frame
    const position = sources.positionFor(url, line - 1, column - 1, askedName(frame))
    if (position === undefined) return frame
    return {
      ...frame,
      function: position.name ?? frame.function,
      url: position.url,
      line: position.line + 1,
      column: position.column + 1,
    }
  }
  const notes = sourceNotes(sources)
  return recordings.map((recording) => ({
    ...recording,
    entries: recording.entries.map((entry) => withFrames(entry, written)),
    notes: [...recording.notes, ...notes],
  }))
}

function withFrames(entry: Entry, written: (frame: Frame) => Frame): Entry {
  const { stack, createdBy } = entry
  return {
    ...entry,
    stack: stack.map(written),
    ...(createdBy === undefined ? {} : { createdBy: written(createdBy) }),
  }
}

function* framesOf(recordings: readonly GoroutineRecording[]): Generator<Frame> {
  for (const { entries } of recordings) {
    for (const { stack, createdBy } of entries) {
      yield* stack
      if (createdBy !== undefined) yield createdBy
    }
  }
}

/** Words in parentheses are no name that the code has. */
function askedName({ function: name }: Frame): string {
  return name.startsWith('(') ? '' : name
}
