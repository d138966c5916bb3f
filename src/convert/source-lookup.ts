/**
 * Where code was written: what converters ask of source maps before they begin, and the answers. The
 * converters read no files; src/sourcemaps does, and hands over objects of these shapes.
 */
import type { CallFrame } from './call-frames.ts'
import { cleanText, cutEnd } from './clean-text.ts'

/** Asks for any position on the line that the map knows, where V8 says no column. */
export const anyColumn = -1

/** 0-based, as V8's positions. */
export interface SourcePosition {
  /** Absolute path, or a URL that a bundler made up. */
  readonly url: string
  readonly line: number
  readonly column: number
  /** Of the function that starts there, or that was asked for, where its original name is known. */
  readonly name?: string | undefined
}

/** What the package.json nearest to a file says; every text but the name may be empty. */
export interface SourcePackage {
  readonly name: string
  readonly version: string
  readonly folder: string
  readonly repository: string
  readonly repositoryFolder: string
}

export interface SourceLookup {
  /** Of positions that were asked for; undefined where no map knows: then V8's position is what there is. */
  positionFor(
    url: string,
    line: number,
    column: number,
    /** As asked, for a position within a function; its name is `name` then. */
    within?: string,
  ): SourcePosition | undefined
  /** The package of a script that was asked for, or of a file that `positionFor` names. */
  packageOf(file: string): SourcePackage | undefined
  /** Lines for a profile's comments. */
  readonly notes: readonly string[]
}

/** Positions in one script; the lists are parallel. */
export interface ScriptQuestions {
  readonly url: string
  readonly lines: readonly number[]
  readonly columns: readonly number[]
  /** V8's name of the function that starts at the position; empty for other positions. */
  readonly functionNames: readonly string[]
  /** True where the position is somewhere within that function instead of its start. (default: nowhere) */
  readonly areWithin?: readonly boolean[]
}

/** Finds the answers for exactly these positions. Never rejects. */
export type FindSources = (scripts: readonly ScriptQuestions[]) => Promise<SourceLookup>

/** Three scripts with their maps, by paths of the target's choice. */
const maxNoteBytes = 2048

/** The notes, fit for a profile's comments. */
export function sourceNotes(sources: Pick<SourceLookup, 'notes'> | undefined): readonly string[] {
  return (sources?.notes ?? []).map((note) => cutEnd(cleanText(note), maxNoteBytes))
}

/** Collects the positions that a recording holds. The same position may be added many times. */
export class SourceQuestions {
  readonly #scripts = new Map<string, Questions>()

  /** Of V8's profiles: the position is where the function starts. */
  addFunction({ url, lineNumber, columnNumber, functionName }: CallFrame): void {
    this.#add(url, lineNumber, columnNumber, functionName, false)
  }

  /**
   * Somewhere within a function, such as a call; 0-based, and `anyColumn` where only the line is known.
   * `within`: V8's name of the function, to learn the original one.
   */
  addPosition(url: string, line: number, column: number, within = ''): void {
    this.#add(url, line, column, within, within !== '')
  }

  all(): readonly ScriptQuestions[] {
    return Array.from(this.#scripts.values(), ({ known: _known, ...questions }) => questions)
  }

  #add(url: string, line: number, column: number, functionName: string, isWithin: boolean): void {
    if (url === '' || url.startsWith('node:') || line < 0) return
    let script = this.#scripts.get(url)
    if (!script) {
      script = { url, lines: [], columns: [], functionNames: [], areWithin: [], known: new Set() }
      this.#scripts.set(url, script)
    }
    // Beyond 2^26 columns keys may be equal; sources of that size are not read.
    const position = line * 2 ** 26 + column
    const key = isWithin ? `${position} ${functionName}` : position
    if (script.known.has(key)) return
    script.known.add(key)
    script.lines.push(line)
    script.columns.push(column)
    script.functionNames.push(functionName)
    script.areWithin.push(isWithin)
  }
}

interface Questions extends ScriptQuestions {
  readonly lines: number[]
  readonly columns: number[]
  readonly functionNames: string[]
  readonly areWithin: boolean[]
  readonly known: Set<number | string>
}
