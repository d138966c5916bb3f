import { listenProblem } from './listen-address.ts'

/** The formats of schema.ts, each by its name there: whether a text has it. */
export const settingsFormats = {
  'listen-address': (text: string) => listenProblem(text) === undefined,
  'regular-expression': (text: string) => expressionProblem(text) === undefined,
}

export function expressionProblem(text: string): string | undefined {
  try {
    new RegExp(text)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
