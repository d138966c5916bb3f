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
  /** Of the function that starts there, where it has another name than in the script. */
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
  positionFor(url: string, line: number, column: number): SourcePosition | undefined
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
}

/** Finds the answers for exactly these positions. Never rejects. */
export type FindSources = (scripts: readonly ScriptQuestions[]) => Promise<SourceLookup>

/** Three scripts with their maps, by paths of the target's choice. */
const maxNoteBytes = 2048

/** The notes, fit for a profile's comments. */
export function sourceNotes(sources: SourceLookup | undefined): readonly string[] {
  return (sources?.notes ?? []).map((note) => cutEnd(cleanText(note), maxNoteBytes))
}

/** Collects the positions that a recording holds. The same position may be added many times. */
export class SourceQuestions {
  readonly #scripts = new Map<string, Questions>()

  /** Of V8's profiles: the position is where the function starts. */
  addFunction({ url, lineNumber, columnNumber, functionName }: CallFrame): void {
    this.#add(url, lineNumber, columnNumber, functionName)
  }

  /** Somewhere within a function, such as a call; 0-based, and `anyColumn` where only the line is known. */
  addPosition(url: string, line: number, column: number): void {
    this.#add(url, line, column, '')
  }

  all(): readonly ScriptQuestions[] {
    return Array.from(this.#scripts.values(), ({ known: _known, ...questions }) => questions)
  }

  #add(url: string, line: number, column: number, functionName: string): void {
    if (url === '' || url.startsWith('node:') || line < 0) return
    let script = this.#scripts.get(url)
    if (!script) {
      script = { url, lines: [], columns: [], functionNames: [], known: new Set() }
      this.#scripts.set(url, script)
    }
    // Beyond 2^26 columns keys may be equal; sources of that size are not read.
    const key = line * 2 ** 26 + column
    if (script.known.has(key)) return
    script.known.add(key)
    script.lines.push(line)
    script.columns.push(column)
    script.functionNames.push(functionName)
  }
}

interface Questions extends ScriptQuestions {
  readonly lines: number[]
  readonly columns: number[]
  readonly functionNames: string[]
  readonly known: Set<number>
}
