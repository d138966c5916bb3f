/** Runs in the target, see target-source.ts: which functions its thread is in at this moment. */
import { clockMs } from './clock-ms.ts'
import { type CallSite, callSites } from './stack-frames.ts'

/** Name, URL, where the function starts (1-based line and column), the line that runs. */
export type RawFunction = readonly [string, string, number, number, number]

interface EnclosingSite extends CallSite {
  /** Of V8, on Node 18 to 26. */
  getEnclosingLineNumber?(): number | null
  getEnclosingColumnNumber?(): number | null
}

export function runningFunctions(maxFrames: number): {
  readonly functions: readonly RawFunction[]
  readonly costMs: number
} {
  const startedMs = clockMs()
  // Two are the evaluated code itself.
  const sites: readonly EnclosingSite[] = callSites(runningFunctions, maxFrames + 2).slice(2)
  const functions = sites
    .filter((site) => !site.isAsync?.())
    .map((site): RawFunction => {
      return [
        site.getFunctionName() ?? '',
        site.getFileName() ?? site.getScriptNameOrSourceURL() ?? '',
        site.getEnclosingLineNumber?.() ?? 0,
        site.getEnclosingColumnNumber?.() ?? 0,
        site.getLineNumber() ?? 0,
      ]
    })
  return { functions, costMs: clockMs() - startedMs }
}
