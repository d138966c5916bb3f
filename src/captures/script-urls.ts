/**
 * The URLs of scripts by their ids: V8 tells where a function is by the id of its script only.
 *
 * Debugger.enable would tell, but collects the source positions of all code first: 1.1 to 1.7 s in a big
 * program. The coverage that V8 has anyway lists the scripts, too, for a walk of the heap and of all
 * code in it: 4 to 12 ms in a small program, 150 to 240 ms with 48,000 functions. Hence the limit.
 */
import { evaluate } from '../inspector/evaluate.ts'
import type { CommandOptions, Session } from '../inspector/session.ts'

/** Measured on Node 18 to 26, with 0.2 to 17 MB of bytecode and 7 to 67 MB of heap. */
const coverageMs = { empty: 3, perBytecodeMb: 16, perHeapMb: 0.1 } as const

const sizesExpression = `(() => {
  const v8 = process.getBuiltinModule?.('node:v8') ?? require('node:v8')
  const { bytecode_and_metadata_size } = v8.getHeapCodeStatistics()
  return [bytecode_and_metadata_size, process.memoryUsage().heapUsed]
})()`

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

export interface LearnOptions extends CommandOptions {
  readonly maxPauseMs: number
  /** The session's profiler is on, and stays so. (default: false) */
  readonly isProfiling?: boolean | undefined
}

/** Asks the target for the URLs, unless that would probably stop it for longer than allowed. */
export async function learnScriptUrls(
  session: Session,
  urls: ScriptUrls,
  { maxPauseMs, isProfiling = false, ...options }: LearnOptions,
): Promise<Learned> {
  const sizes = await evaluate(session, sizesExpression, { ...options, usesModules: true })
  const [bytecodeBytes, heapBytes] = Array.isArray(sizes) ? sizes : []
  const pauseMs = coveragePauseMs(Number(bytecodeBytes), Number(heapBytes))
  if (!(pauseMs <= maxPauseMs)) {
    const refusal = `the files of callbacks are left out: to ask for them would stop it for about ${Math.round(pauseMs)} ms`
    return { costMs: 0, refusal }
  }
  try {
    // Nothing of coverage is switched on: this reads the counters that V8 optimises by.
    if (!isProfiling) await session.send('Profiler.enable', {}, options)
    const { result } = await session.send('Profiler.getBestEffortCoverage', {}, options)
    for (const { scriptId, url } of result) urls.add(scriptId, url)
  } finally {
    if (!isProfiling) {
      await session.send('Profiler.disable', {}, { timeoutMs: 500 }).catch(() => {})
    }
  }
  return { costMs: pauseMs, refusal: undefined }
}

export function coveragePauseMs(bytecodeBytes: number, heapBytes: number): number {
  const { empty, perBytecodeMb, perHeapMb } = coverageMs
  return empty + (bytecodeBytes / 1e6) * perBytecodeMb + (heapBytes / 1e6) * perHeapMb
}
