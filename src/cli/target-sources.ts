/** The way of the commands to source maps. */
import type { FindSources } from '../convert/source-lookup.ts'
import { SourceMaps, type SourceTarget } from '../sourcemaps/source-maps.ts'

/** Nobody's time limit runs here: a map of 64 MiB takes seconds on a slow machine. */
const budgetMs = 20_000

/** The flag of commands that record, for yargs: `--no-source-maps`. */
export const sourceMapsFlag = {
  type: 'boolean',
  defaultDescription: 'true, sourceMaps of the configuration',
  description: "Name what source maps and packages in the target's files say",
} as const

/** Runs `convert` with what it needs; without where nobody wants it. */
export async function withSources<T>(
  target: SourceTarget,
  isWanted: boolean,
  convert: (findSources: FindSources | undefined) => Promise<T>,
): Promise<T> {
  if (!isWanted) return convert(undefined)
  const sourceMaps = new SourceMaps({ budgetMs })
  try {
    return await convert((scripts) => sourceMaps.find(target, scripts))
  } finally {
    await sourceMaps.close()
  }
}
