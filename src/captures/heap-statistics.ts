/** What a thread says of its memory itself. Wrong or missing answers count as unknown. */
import { InspectorError } from '../errors.ts'
import { evaluate } from '../inspector/evaluate.ts'
import type { CommandOptions, Session } from '../inspector/session.ts'
import type { HeapStatistics, NativeMemory } from './heap-recording.ts'

const nativeExpression =
  '(({ external, arrayBuffers }) => [external, arrayBuffers])(process.memoryUsage())'

/** `require` is there through the command-line API, also in programs that are ES modules. */
const statisticsExpression = `(() => {
  const v8 = process.getBuiltinModule?.('node:v8') ?? require('node:v8')
  return [process.memoryUsage(), v8.getHeapStatistics(), v8.getHeapSpaceStatistics()]
})()`

/** More groups or figures than any V8 has are not from Node. */
const maxFigures = 64

export async function readNativeMemory(
  session: Session,
  command: CommandOptions,
): Promise<NativeMemory | undefined> {
  const answer = await answerOf(evaluate(session, nativeExpression, command))
  const [external, arrayBuffers] = Array.isArray(answer) ? answer : []
  if (!isSize(external) || !isSize(arrayBuffers)) return undefined
  // process.memoryUsage() counts array buffers in `external`, too.
  return {
    externalBytes: Math.max(0, external - arrayBuffers),
    arrayBuffersBytes: arrayBuffers,
  }
}

export async function readHeapStatistics(
  session: Session,
  command: CommandOptions,
): Promise<HeapStatistics | undefined> {
  const options = { ...command, usesModules: true }
  const answer = await answerOf(evaluate(session, statisticsExpression, options))
  const [usage, heap, spaces] = Array.isArray(answer) ? answer : []
  if (!Array.isArray(spaces)) return undefined
  const ofSpaces = spaces.slice(0, maxFigures).map((space): [string, Record<string, number>] => {
    return [`v8.getHeapSpaceStatistics() ${String(space?.space_name)}`, figures(space)]
  })
  return {
    'process.memoryUsage()': figures(usage),
    'v8.getHeapStatistics()': figures(heap),
    ...Object.fromEntries(ofSpaces),
  }
}

function figures(group: unknown): Record<string, number> {
  const all = Object.entries(Object(group)).slice(0, maxFigures)
  return Object.fromEntries(all.filter((entry): entry is [string, number] => isSize(entry[1])))
}

/** Undefined where the target could not evaluate. */
async function answerOf(evaluating: Promise<unknown>): Promise<unknown> {
  try {
    return await evaluating
  } catch (error) {
    if (error instanceof InspectorError && error.code === 'command-failed') return undefined
    throw error
  }
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
