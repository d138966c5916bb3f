// The shares of the busy target's functions: known from the program, found in a profile.
import type { Test } from 'tap'

/** Percent of the time that is not idle, see test/fixtures/targets/busy.cjs. */
const knownShares = { burnSixty: 60, burnThirty: 30, burnTen: 10 } as const

/** In percentage points. 1,500 samples have a standard error of 1.3; the rest is
 * for machines that are busy otherwise. */
const toleratedPoints = 5

/** Asserts the shares in what `go tool pprof -top` printed. */
export function assertBusyShares(t: Test, topReport: string): void {
  const found = flatPercents(topReport)
  // V8's sampler and the other threads without JavaScript have rows of their own.
  const ofThreads = [...found].filter(([name]) => / threads?\)$|native threads\)$/.test(name))
  const ofJavaScript = 100 - ofThreads.reduce((sum, [, percent]) => sum + percent, 0)
  for (const [name, percent] of Object.entries(knownShares)) {
    const share = ((found.get(name) ?? 0) / ofJavaScript) * 100
    const message = `${name} has ${share.toFixed(1)} %, known are ${percent} %`
    t.ok(Math.abs(share - percent) <= toleratedPoints, message)
  }
}

/** The column flat% by the last part of the function's name. */
function flatPercents(topReport: string): ReadonlyMap<string, number> {
  const row = /^\s*\S+\s+([\d.]+)%\s+[\d.]+%\s+\S+\s+[\d.]+%\s+(\S.*)$/gm
  return new Map(
    [...topReport.matchAll(row)].map(([, percent = '', name = '']) => [
      name.slice(name.lastIndexOf('.') + 1),
      Number(percent),
    ]),
  )
}
