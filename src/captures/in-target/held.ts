/** Runs in the target, see target-source.ts: steps between the inventory and the probe of what it found. */
import { clockMs } from './clock-ms.ts'
import type { Holder } from './inventory.ts'
import { isResolveFunction } from './own.ts'
import { probe } from './probe.ts'
import type { RawFrame } from './stack-frames.ts'

/** Adds resolve functions that were found in closures; what is none after all becomes a placeholder. */
export function holdMore(holder: Holder, ...functions: readonly unknown[]): string {
  const fit = functions.map((value) => (isResolveFunction(value) ? value : () => {}))
  holder.subjects = [...(holder.subjects ?? []), ...fit]
  return '0'
}

/** Who awaits the held promises from the given one on, as far as the time allows. */
export async function probeHeld(
  { subjects = [] }: Holder,
  from: number,
  maxFrames: number,
  budgetMs: number,
): Promise<string> {
  const startedMs = clockMs()
  const chains: (readonly RawFrame[])[] = []
  await probe(subjects.slice(from), maxFrames, budgetMs, (chain) => chains.push(chain))
  return JSON.stringify({ chains, costMs: clockMs() - startedMs })
}

/** The held functions, as an object whose properties the inspector can list. */
export function heldFunctions({ functions = [] }: Holder): readonly unknown[] {
  return functions
}
