/** The answers of source maps, as whoever converts a recording reads them. */
import { posix } from 'node:path'
import type {
  LookupAnswer,
  ScriptAnswers,
  ScriptQuestions,
  SourceAnswer,
  SourceLookup,
  SourcePosition,
} from './questions.ts'
import { scriptPath } from './script-path.ts'

/** Where no map is looked for: `note` says why, if there is anything to say. */
function noSources(note?: string): SourceLookup {
  const notes = note === undefined ? [] : [note]
  return { positionFor: () => undefined, packageOf: () => undefined, notes }
}

/** Those that have files, which alone are asked for. */
export function scriptsWithFiles(scripts: readonly ScriptQuestions[]): readonly ScriptQuestions[] {
  return scripts.filter(({ url }) => scriptPath(url) !== undefined)
}

/** `scripts` are all that the recording has, as they were given to `SourceMaps.ask`. */
export function sourceLookup(
  scripts: readonly ScriptQuestions[],
  { answer, note }: SourceAnswer,
): SourceLookup {
  return answer ? lookupOf(scriptsWithFiles(scripts), answer) : noSources(note)
}

function lookupOf(scripts: readonly ScriptQuestions[], answer: LookupAnswer): SourceLookup {
  const known = new Map<string, ScriptPositions>()
  for (const answers of answer.scripts) {
    const questions = scripts[answers.index]
    if (questions) known.set(questions.url, new ScriptPositions(questions, answers))
  }
  const folders = new Map(answer.folders)
  return {
    positionFor: (url, line, column, within) => known.get(url)?.at(line, column, within),
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
  readonly #indexes = new Map<number | string, number>()

  constructor(questions: ScriptQuestions, answers: ScriptAnswers) {
    const { lines, columns, functionNames, areWithin } = questions
    this.#answers = answers
    for (let index = 0; index < lines.length; index++) {
      if ((answers.positions[index * 4] ?? -1) < 0) continue
      const within = areWithin?.[index] ? functionNames[index] : undefined
      this.#indexes.set(keyOf(lines[index] ?? 0, columns[index] ?? 0, within), index)
    }
  }

  at(line: number, column: number, within?: string): SourcePosition | undefined {
    const index = this.#indexes.get(keyOf(line, column, within))
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

function keyOf(line: number, column: number, within = ''): number | string {
  const position = line * columnRange + column
  return within === '' ? position : `${position} ${within}`
}
