/** The way of a capture's routes to source maps. */
import type { FindSources } from '../convert/source-lookup.ts'
import type { SourceTarget } from '../sourcemaps/source-maps.ts'
import type { ServerContext } from './context.ts'
import { oneOf, type Query } from './parameters.ts'

/** `sourcemaps`: (default: sourceMaps of the configuration) 0 leaves names and lines as they run. */
export function wantsSources(query: Query, { sources }: ServerContext): boolean {
  return oneOf(query, 'sourcemaps', ['0', '1'], sources.sourceMaps ? '1' : '0') === '1'
}

/** For the converters; undefined where nobody wants it. */
export function targetSources(
  { sourceMaps }: ServerContext,
  target: SourceTarget,
  isWanted: boolean,
): FindSources | undefined {
  return isWanted ? (scripts) => sourceMaps.find(target, scripts) : undefined
}
