/** What every command that records a target does around its capture. */
import type { CaptureControl } from '../captures/attached.ts'
import { InputError } from '../errors.ts'
import type { Target } from '../targets/target.ts'
import { captureInterrupts } from './capture-interrupts.ts'
import type { DirectTargets } from './direct-targets.ts'
import { startProgress } from './progress.ts'

/** The flags that these commands share, for yargs. */
export const captureFlags = {
  output: {
    alias: 'o',
    type: 'string',
    requiresArg: true,
    description: 'File to write, - for stdout; its extension chooses the format',
  },
  force: {
    type: 'boolean',
    description: 'Record although the estimated pause is above limits.maxPauseMs',
  },
} as const

export interface CaptureTask<Recording> {
  /** What the user calls the target. */
  readonly selector: string
  /** How long it records: for the progress bar. */
  readonly durationMs: number
  /** How far it is, in words, where time does not tell. */
  readonly progress?: ((elapsedMs: number) => string) | undefined
  readonly record: (target: Target, control: CommandControl) => Promise<Recording>
}

export interface CommandControl extends CaptureControl {
  /** Ends the recording early and keeps it. */
  readonly endEarly: AbortSignal
}

/** Shows how far it is; the first Ctrl-C ends the recording and keeps it, the second gives it up. */
export async function runCapture<Recording>(
  { targets }: DirectTargets,
  { selector, durationMs, progress: text, record }: CaptureTask<Recording>,
): Promise<Recording> {
  const target = await targets.resolve(selector)
  // What a crashed command left open is closed by the next one that may touch processes at all.
  await targets.recover()
  const progress = startProgress(target.name, durationMs, text)
  const { abort, endEarly, release } = captureInterrupts()
  try {
    return await record(target, { signal: abort, endEarly, onPhase: progress.phase })
  } finally {
    release()
    progress.end()
  }
}

/** @throws {InputError} where `-o -` would write what no terminal can show. */
export function refuseTerminal(output: string | undefined, tryNext: string): void {
  if (output !== '-' || !process.stdout.isTTY) return
  throw new InputError('parameter-invalid', '-o - would write binary data to the terminal', {
    tryNext,
  })
}
