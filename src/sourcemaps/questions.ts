/** What is asked of source maps and what they answer: plain data that passes between threads. */

/** Positions of one script as V8 gives them: 0-based, columns in UTF-16 units. The lists are parallel. */
export interface ScriptQuestions {
  readonly url: string
  readonly lines: readonly number[]
  /** `anyColumn`: the first position on the line that the map knows. */
  readonly columns: readonly number[]
  /** V8's name of the function that starts at the position; empty where none does or it has no name. */
  readonly functionNames: readonly string[]
  /** True where the position is somewhere within that function instead of its start. (default: nowhere) */
  readonly areWithin?: readonly boolean[]
}

export const anyColumn = -1

/** 0-based. */
export interface SourcePosition {
  /** Absolute path, or a URL that a bundler made up. */
  readonly url: string
  readonly line: number
  readonly column: number
  /** Of the function that starts there, or that was asked for, where the map has a name for it. */
  readonly name?: string | undefined
}

/** What the package.json nearest to a file says. */
export interface SourcePackage {
  readonly name: string
  /** Empty where unknown, as is every other text here. */
  readonly version: string
  /** Without a slash at the end. */
  readonly folder: string
  readonly repository: string
  /** Where the package is in its repository. */
  readonly repositoryFolder: string
}

export interface SourceLookup {
  /** For positions that were asked for; undefined where the script's map, if any, does not know. */
  positionFor(
    url: string,
    line: number,
    column: number,
    /** As asked, for a position within a function; its name is `name` then. */
    within?: string,
  ): SourcePosition | undefined
  /** The package of a script that was asked for, or of a file that `positionFor` names. */
  packageOf(file: string): SourcePackage | undefined
  /** Lines for people: maps that were applied, that are missing or broken. */
  readonly notes: readonly string[]
}

export interface LookupRequest {
  readonly id: number
  /** The folder in which the process's files are, such as /proc/PID/root. */
  readonly root: string
  /** Of the process, such as /proc/PID/status: who it is decides what it may read. */
  readonly statusFile: string
  readonly workingDirectory: string
  readonly scripts: readonly ScriptQuestions[]
  /** Wall clock, ms since the epoch: what is not found by then stays as it is. */
  readonly deadlineMs: number
}

export interface LookupAnswer {
  readonly id: number
  /** Of each script with a map, in no order. */
  readonly scripts: readonly ScriptAnswers[]
  readonly packages: readonly SourcePackage[]
  /** Which of the packages the files of a folder belong to. */
  readonly folders: readonly (readonly [folder: string, packageIndex: number])[]
  readonly notes: readonly string[]
}

/** What is found for a recording: `answer`, or nothing, and `note` may say why. */
export interface SourceAnswer {
  readonly answer?: LookupAnswer
  readonly note?: string | undefined
}

export interface ScriptAnswers {
  /** In the request's `scripts`. */
  readonly index: number
  /** Four for each question: index in `sources` or -1, line, column, index in `names` or -1. */
  readonly positions: Int32Array
  readonly sources: readonly string[]
  readonly names: readonly string[]
}
