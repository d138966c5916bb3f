/** The way of a capture's routes to source maps. */
import type { FindSources } from '../convert/source-lookup.ts'
import type { ScriptQuestions, SourceAnswer } from '../sourcemaps/questions.ts'
import { sourceLookup } from '../sourcemaps/source-lookup.ts'
import type { SourceTarget } from '../sourcemaps/source-maps.ts'
import type { ServerContext } from './context.ts'

/** For the converters; undefined where nobody wants it. */
export function targetSources(
  { sourceMaps }: ServerContext,
  target: SourceTarget,
  isWanted: boolean,
): FindSources | undefined {
  return isWanted ? (scripts) => sourceMaps.find(target, scripts) : undefined
}

/** Of plain data, so that it may come from another thread. Never rejects. */
export type AskSources = (scripts: readonly ScriptQuestions[]) => Promise<SourceAnswer>

/** As `targetSources`. */
export function targetAnswers(
  { sourceMaps }: Pick<ServerContext, 'sourceMaps'>,
  target: SourceTarget,
  isWanted: boolean,
): AskSources | undefined {
  return isWanted ? (scripts) => sourceMaps.ask(target, scripts) : undefined
}

/** For several conversions of one recording, all of which ask the same. */
export function askOnce(ask: AskSources | undefined): AskSources | undefined {
  let answer: ReturnType<AskSources> | undefined
  return (
    ask &&
    ((scripts) => {
      answer ??= ask(scripts)
      return answer
    })
  )
}

export function findBy(ask: AskSources): FindSources {
  return async (scripts) => sourceLookup(scripts, await ask(scripts))
}
