/** The answers of source maps, as whoever converts a recording reads them. */
import { posix } from 'node:path'
import type {
  LookupAnswer,
  ScriptAnswers,
  ScriptQuestions,
  SourceLookup,
  SourcePosition,
} from './questions.ts'
import { scriptPath } from './script-path.ts'

/** Where no map is looked for: `note` says why, if there is anything to say. */
export function noSources(note?: string): SourceLookup {
  const notes = note === undefined ? [] : [note]
  return { positionFor: () => undefined, packageOf: () => undefined, notes }
}

export function sourceLookup(
  scripts: readonly ScriptQuestions[],
  answer: LookupAnswer,
): SourceLookup {
  const known = new Map<string, ScriptPositions>()
  for (const answers of answer.scripts) {
    const questions = scripts[answers.index]
    if (questions) known.set(questions.url, new ScriptPositions(questions, answers))
  }
  const folders = new Map(answer.folders)
  return {
    positionFor: (url, line, column) => known.get(url)?.at(line, column),
    packageOf: (file) => {
      const path = scriptPath(file)
      return path === undefined
        ? undefined
        : answer.packages[folders.get(posix.dirname(path)) ?? -1]
    },
    notes: answer.notes,
  }
}

/** Lines and columns of what was asked for fit 26 bits; see script-sources.ts. */
const columnRange = 2 ** 27

class ScriptPositions {
  readonly #answers: ScriptAnswers
  readonly #indexes = new Map<number, number>()

  constructor({ lines, columns }: ScriptQuestions, answers: ScriptAnswers) {
    this.#answers = answers
    for (let index = 0; index < lines.length; index++) {
      if ((answers.positions[index * 4] ?? -1) < 0) continue
      this.#indexes.set((lines[index] ?? 0) * columnRange + (columns[index] ?? 0), index)
    }
  }

  at(line: number, column: number): SourcePosition | undefined {
    const index = this.#indexes.get(line * columnRange + column)
    if (index === undefined) return undefined
    const { positions, sources, names } = this.#answers
    return {
      url: sources[positions[index * 4] ?? -1] ?? '',
      line: positions[index * 4 + 1] ?? 0,
      column: positions[index * 4 + 2] ?? 0,
      name: names[positions[index * 4 + 3] ?? -1],
    }
  }
}
