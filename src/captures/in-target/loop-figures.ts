/**
 * Runs in the target, see target-source.ts: what its thread can say of its event loop and heap at once. What
 * would need a module of Node's that the program has not loaded is left out.
 */
import { clockMs } from './clock-ms.ts'

/** All since the start of the thread; undefined where it cannot tell without loading something. */
export interface RawLoopFigures {
  readonly usedHeapBytes: number
  /** What V8 has taken of the system for it. */
  readonly takenHeapBytes: number
  readonly heapLimitBytes?: number | undefined
  readonly activeMs?: number | undefined
  readonly idleMs?: number | undefined
  /** Turns of the event loop; since Node 20.18. */
  readonly turns?: number | undefined
  readonly costMs: number
}

interface UvMetrics {
  readonly nodeTiming?: { readonly uvMetricsInfo?: { readonly loopCount?: number } }
}

export function loopFigures(): RawLoopFigures {
  const startedMs = clockMs()
  const { heapUsed, heapTotal } = process.memoryUsage()
  // Not in @types/node; an array on Node 18 to 26.
  const { moduleLoadList } = process as { readonly moduleLoadList?: unknown }
  const isLoaded = (name: string) =>
    Array.isArray(moduleLoadList) && moduleLoadList.includes(`NativeModule ${name}`)
  let heapLimitBytes: number | undefined
  let loop: { active?: number; idle?: number } = {}
  let turns: number | undefined
  try {
    if (isLoaded('v8')) {
      const v8 = process.getBuiltinModule?.('node:v8') ?? require('node:v8')
      heapLimitBytes = v8.getHeapStatistics().heap_size_limit
    }
    if (isLoaded('perf_hooks')) {
      loop = performance.eventLoopUtilization()
      turns = (performance as unknown as UvMetrics).nodeTiming?.uvMetricsInfo?.loopCount
    }
  } catch {
    // The program has replaced one of them.
  }
  return {
    usedHeapBytes: heapUsed,
    takenHeapBytes: heapTotal,
    heapLimitBytes,
    activeMs: loop.active,
    idleMs: loop.idle,
    turns,
    costMs: clockMs() - startedMs,
  }
}
