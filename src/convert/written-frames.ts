/** Frames of stacks, mapped to where they were written. Unlike a profile's they say where a call is. */
import {
  anyColumn,
  type FindSources,
  type SourceLookup,
  type SourcePackage,
  SourceQuestions,
} from './source-lookup.ts'

export interface SourceFrame {
  /** As V8 names it: `add`, `new Cart`, `Cart.add`, `Object.n [as add]`, `(anonymous)`. */
  readonly function: string
  /** Of the script; empty for native code. */
  readonly url: string
  /** 1-based; 0 where unknown. */
  readonly line: number
  /** 1-based; 0 where unknown. */
  readonly column: number
}

export interface WrittenFrames {
  /** The frame with what is known of where it was written, else as it is. Only for those asked for. */
  of<Frame extends SourceFrame>(frame: Frame): Frame
  /** The package of a frame's file, mapped or not: its absolute path, or its URL. */
  packageOf(file: string): SourcePackage | undefined
  /** Lines for people: maps that were applied, that are missing or broken. */
  readonly notes: readonly string[]
}

/** `frames`: all of one target; equal ones are looked up once. Never rejects. */
export async function writtenFrames(
  frames: Iterable<SourceFrame>,
  findSources: FindSources,
): Promise<WrittenFrames> {
  const questions = new SourceQuestions()
  for (const frame of frames) {
    const { line, column, within } = positionOf(frame)
    questions.addPosition(frame.url, line, column, within)
  }
  const sources = await findSources(questions.all())
  return {
    of: (frame) => written(frame, sources),
    packageOf: (file) => sources.packageOf(file),
    notes: sources.notes,
  }
}

function written<Frame extends SourceFrame>(frame: Frame, sources: SourceLookup): Frame {
  const { line, column, within } = positionOf(frame)
  const found = sources.positionFor(frame.url, line, column, within)
  if (!found) return frame
  return {
    ...frame,
    function: found.name ?? frame.function,
    url: found.url,
    line: found.line + 1,
    // That of another call on the line would be a guess.
    column: column === anyColumn ? 0 : found.column + 1,
  }
}

/** 0-based, as maps count. */
function positionOf({ function: name, line, column }: SourceFrame) {
  if (column === 0) return { line: line - 1, column: anyColumn, within: '' }
  return { line: line - 1, column: column - 1, within: name }
}
