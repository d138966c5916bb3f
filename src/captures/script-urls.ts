/**
 * The URLs of scripts by their ids: V8 tells where a function is by the id of its script only.
 *
 * Debugger.enable would tell, but collects the source positions of all code first: 1.1 to 1.7 s in a big
 * program. The coverage that V8 has anyway lists the scripts, too: 3 to 6 ms in a small program, and
 * then 2 to 3 ms a MB of heap (110 to 190 ms at 66 MB of code), which is why there is a limit.
 */
import { evaluate } from '../inspector/evaluate.ts'
import type { CommandOptions, Session } from '../inspector/session.ts'

/** Measured on Node 18 to 26. */
const emptyProgram = { heapMb: 8, pauseMs: 6 } as const
const pauseMsPerMb = 2.6

/** A program that loads code without end must not fill our memory. */
const maxKnown = 20_000

/** What is known of one thread; ids never change their meaning while it lives. */
export class ScriptUrls {
  readonly #urls = new Map<string, string>()

  add(scriptId: string, url: string): void {
    if (this.#urls.size < maxKnown) this.#urls.set(scriptId, url)
  }

  get(scriptId: string): string | undefined {
    return this.#urls.get(scriptId)
  }

  hasAll(scriptIds: readonly string[]): boolean {
    return scriptIds.every((scriptId) => this.#urls.has(scriptId))
  }
}

export interface Learned {
  /** How long the thread probably stood still. */
  readonly costMs: number
  /** Why nothing was asked, in words. */
  readonly refusal: string | undefined
}

/** Asks the target for the URLs, unless that would probably stop it for longer than allowed. */
export async function learnScriptUrls(
  session: Session,
  urls: ScriptUrls,
  { maxPauseMs, ...options }: CommandOptions & { readonly maxPauseMs: number },
): Promise<Learned> {
  const heapBytes = await evaluate(session, 'process.memoryUsage().heapUsed', options)
  const pauseMs = coveragePauseMs(Number(heapBytes))
  if (!(pauseMs <= maxPauseMs)) {
    const refusal = `the files of callbacks are left out: to ask for them would stop it for about ${Math.round(pauseMs)} ms`
    return { costMs: 0, refusal }
  }
  try {
    // Nothing of coverage is switched on: this reads the counters that V8 optimises by.
    await session.send('Profiler.enable', {}, options)
    const { result } = await session.send('Profiler.getBestEffortCoverage', {}, options)
    for (const { scriptId, url } of result) urls.add(scriptId, url)
  } finally {
    await session.send('Profiler.disable', {}, { timeoutMs: 500 }).catch(() => {})
  }
  return { costMs: pauseMs, refusal: undefined }
}

export function coveragePauseMs(heapBytes: number): number {
  const heapMb = heapBytes / 1e6
  return emptyProgram.pauseMs + Math.max(0, heapMb - emptyProgram.heapMb) * pauseMsPerMb
}
