/** The way of a capture's routes to source maps. */
import type { FindSources } from '../convert/source-lookup.ts'
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
