/** What a thread says of its event loop and heap itself. Wrong or missing answers count as unknown. */
import { evaluate } from '../inspector/evaluate.ts'
import type { CommandOptions, Session } from '../inspector/session.ts'
import { loopFigures, type RawLoopFigures } from './in-target/loop-figures.ts'
import { callExpression } from './in-target/target-source.ts'

/** As in the target; every figure may be unknown. */
export type LoopFigures = { readonly [Name in keyof RawLoopFigures]?: number | undefined }

const names = [
  'usedHeapBytes',
  'takenHeapBytes',
  'heapLimitBytes',
  'activeMs',
  'idleMs',
  'turns',
  'costMs',
] as const

export async function readLoopFigures(
  session: Session,
  options: CommandOptions,
): Promise<LoopFigures> {
  const expression = callExpression(loopFigures, [])
  const answer = Object(await evaluate(session, expression, { ...options, usesModules: true }))
  const figures: { -readonly [Name in keyof LoopFigures]: LoopFigures[Name] } = {}
  for (const name of names) {
    const value = answer[name]
    if (typeof value === 'number' && value >= 0) figures[name] = value
  }
  return figures
}
