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

function progressBar(elapsedMs: number, durationMs: number): string {
  const done = Math.min(1, elapsedMs / durationMs)
  const filled = Math.round(done * barWidth)
  const bar = '#'.repeat(filled).padEnd(barWidth, '.')
  return `[${bar}] ${(elapsedMs / 1000).toFixed(1)} of ${(durationMs / 1000).toFixed(1)} s`
}
