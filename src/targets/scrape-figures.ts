/** What can be told of opted-in targets at every scrape, out of /proc alone. Nothing in them notices. */
import { readBootTime } from '../proc/boot-time.ts'
import { type OpenFiles, readOpenFiles } from '../proc/open-files.ts'
import type { Target } from './target.ts'
import { readTargetFigures, type TargetFigures } from './target-figures.ts'

export interface ScrapeFigures extends TargetFigures {
  readonly target: Target
  readonly openFiles: OpenFiles
  /** Seconds since the epoch, the same at every reading; undefined where the kernel does not tell. */
  readonly startedAtSeconds: number | undefined
}

/** USER_HZ, 100 on x64 and arm64. */
const ticksPerSecond = 100

/** Without those that are known by their port only, and those that are gone. */
export async function readScrapeFigures(
  targets: readonly Target[],
  procRoot: string,
): Promise<readonly ScrapeFigures[]> {
  const bootTime = await readBootTime(procRoot)
  const all = await Promise.all(
    targets.map(async (target) => {
      const [figures, openFiles] = await Promise.all([
        readTargetFigures(target, procRoot),
        readOpenFiles(target.pid, procRoot),
      ])
      if (figures === undefined) return undefined
      const startedAtSeconds = bootTime && bootTime + Number(target.startTimeTicks) / ticksPerSecond
      return { ...figures, target, openFiles, startedAtSeconds }
    }),
  )
  return all.filter((figures) => figures !== undefined)
}
