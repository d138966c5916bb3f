/** One line on stderr that says how far a capture is; nothing where stderr is no terminal. */
import type { CapturePhase } from '../captures/attached.ts'

export interface Progress {
  readonly phase: (phase: CapturePhase) => void
  end(): void
}

const redrawMs = 100
const barWidth = 30

/** `describe` replaces the bar of time. */
export function startProgress(
  name: string,
  durationMs: number,
  describe: (elapsedMs: number) => string = (elapsedMs) => progressBar(elapsedMs, durationMs),
): Progress {
  if (!process.stderr.isTTY) return { phase: () => {}, end: () => {} }
  let phase: CapturePhase = 'attaching'
  let recordingSinceMs = 0
  const draw = () => {
    const elapsedMs = phase === 'recording' ? performance.now() - recordingSinceMs : 0
    const text = phase === 'recording' ? describe(elapsedMs) : ''
    // Back to the first column, the text, and clear what a longer line left (ECMA-48 EL).
    process.stderr.write(`\r${name}: ${phase} ${text}\x1b[K`)
  }
  const timer = setInterval(draw, redrawMs)
  return {
    phase: (next) => {
      phase = next
      recordingSinceMs = performance.now()
      draw()
    },
    end: () => {
      clearInterval(timer)
      process.stderr.write('\r\x1b[K')
    },
  }
}

/** The same for what comes after a capture; nothing is drawn of what is quick. */
export async function whileWorking<T>(
  name: string,
  describe: (elapsedMs: number) => string,
  work: () => Promise<T>,
): Promise<T> {
  if (!process.stderr.isTTY) return work()
  const beganMs = performance.now()
  const draw = () => {
    process.stderr.write(`\r${name}: ${describe(performance.now() - beganMs)}\x1b[K`)
  }
  const timer = setInterval(draw, redrawMs)
  try {
    return await work()
  } finally {
    clearInterval(timer)
    process.stderr.write('\r\x1b[K')
  }
}

function progressBar(elapsedMs: number, durationMs: number): string {
  // What has no duration is done when it is done.
  if (durationMs === 0) return elapsedText(elapsedMs)
  const done = Math.min(1, elapsedMs / durationMs)
  const filled = Math.round(done * barWidth)
  const bar = '#'.repeat(filled).padEnd(barWidth, '.')
  return `[${bar}] ${(elapsedMs / 1000).toFixed(1)} of ${(durationMs / 1000).toFixed(1)} s`
}

/** How far V8 is before it writes a heap snapshot. */
export function walkText(done: number, total: number): string {
  return `V8 walks the heap, ${Math.floor((100 * done) / total)} %`
}

export function sizeText(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

export function elapsedText(elapsedMs: number): string {
  return `${(elapsedMs / 1000).toFixed(1)} s`
}

/** Source maps may have to be read for it. */
export function namingText(elapsedMs: number): string {
  return `naming functions ${elapsedText(elapsedMs)}`
}
