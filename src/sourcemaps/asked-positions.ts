/** What is asked of one script's map: positions, and the identifiers that name the functions there. */
import { nameParts, withParts } from './enclosing-names.ts'
import { anyColumn, type ScriptQuestions } from './questions.ts'
import {
  type FunctionStart,
  findEnclosingNames,
  findNames,
  type IdentifierPosition,
} from './script-names.ts'

/** Of a position; within a function also its name, as V8 may have several for one. */
export type AnswerKey = number | string

export interface Question extends FunctionStart {
  readonly key: AnswerKey
  readonly isWithin: boolean
  /** Undefined for what was asked for. */
  readonly names?: undefined
}

/** An identifier in the script that names the function of a question. */
export interface NameQuestion extends IdentifierPosition {
  readonly names: {
    readonly key: AnswerKey
    /** As in `nameParts`; undefined for the name of a function that starts at the position. */
    readonly part: number | undefined
  }
}

/** What V8 and maps number lines and columns by fits 26 bits, for files of at most 64 MiB. */
const maxPosition = 2 ** 26

/** Parallel to the questions. */
export function answerKeys(questions: ScriptQuestions): readonly AnswerKey[] {
  const { lines, columns, functionNames, areWithin } = questions
  return lines.map((line, index) => {
    const position = line * 2 * maxPosition + (columns[index] ?? 0) + 1
    return areWithin?.[index] ? `${position} ${functionNames[index]}` : position
  })
}

/** Sorted, each once, without those that are answered and those that no file can have. */
export function newQuestions(
  questions: ScriptQuestions,
  answered: ReadonlyMap<AnswerKey, unknown>,
): readonly Question[] {
  const { lines, columns, functionNames, areWithin } = questions
  const found = new Map<AnswerKey, Question>()
  for (const [index, key] of answerKeys(questions).entries()) {
    const line = lines[index] ?? 0
    const column = columns[index] ?? 0
    const isInRange = line >= 0 && line < maxPosition && column >= anyColumn && column < maxPosition
    if (!isInRange || answered.has(key) || found.has(key)) continue
    const functionName = functionNames[index] ?? ''
    found.set(key, { line, column, functionName, key, isWithin: areWithin?.[index] ?? false })
  }
  return [...found.values()].sort(byPosition)
}

export function byPosition(a: IdentifierPosition, b: IdentifierPosition): number {
  return a.line - b.line || a.column - b.column
}

/** V8 says that the top level of a script is an anonymous function at 0:0. */
export function isTopLevel({ line, column, functionName }: Question): boolean {
  return line === 0 && column === 0 && functionName === ''
}

/** @throws {MapProblem} when it is later than `deadlineMs` (Date.now). */
export function askedNames(
  fd: number,
  asked: readonly Question[],
  deadlineMs: number,
): readonly NameQuestion[] {
  const found: NameQuestion[] = []
  const named = asked.filter(({ functionName, column }) => functionName && column >= 0)
  const starts = named.filter(({ isWithin }) => !isWithin)
  const within = named.filter(({ isWithin }) => isWithin)
  const add = (
    question: Question | undefined,
    { line, column }: IdentifierPosition,
    part?: number,
  ) => {
    if (question) found.push({ line, column, names: { key: question.key, part } })
  }
  findNames(fd, starts, deadlineMs, (index, identifier) => add(starts[index], identifier))
  findEnclosingNames(fd, within, deadlineMs, (index, identifier, part) =>
    add(within[index], identifier, part),
  )
  return found
}

/** What the map calls functions. */
export class FoundNames {
  readonly #names = new Map<AnswerKey, string>()
  readonly #parts = new Map<AnswerKey, Map<number, string>>()

  add({ key, part }: NameQuestion['names'], name: string): void {
    if (part === undefined) {
      this.#names.set(key, name)
      return
    }
    const parts = this.#parts.get(key) ?? new Map<number, string>()
    this.#parts.set(key, parts.set(part, name))
  }

  /** Undefined where the map knows no name. */
  of({ key, functionName }: Question): string | undefined {
    const parts = this.#parts.get(key)
    if (!parts) return this.#names.get(key)
    const written = nameParts(functionName).map((part, index) => parts.get(index) ?? part)
    return withParts(functionName, written)
  }
}
