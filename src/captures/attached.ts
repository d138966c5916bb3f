/** What every capture has in common: the permission, the way in, the way out, and what went wrong. */
import { CaptureError, InspectorError, TargetError } from '../errors.ts'
import type { Attachment, Target } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'

export type CapturePhase = 'attaching' | 'recording' | 'stopping' | 'detaching'

/** How whoever asked for a capture follows and ends it. */
export interface CaptureControl {
  /** Gives the capture up: what was recorded is dropped, the target restored. */
  readonly signal?: AbortSignal | undefined
  readonly onPhase?: ((phase: CapturePhase) => void) | undefined
}

interface AttachedWork extends CaptureControl {
  /** What is taken, as the option `profiles` of the configuration calls it. */
  readonly kind: string
  /** Refuses, by throwing, what can be refused before anything is touched. */
  readonly beforehand?: (() => Promise<void>) | undefined
}

/**
 * Attaches, works and detaches, whatever happens. What `work` switches on in the target it switches
 * off again itself.
 * @throws {TargetError} as `Targets.attach`, target-forbidden, and target-vanished when the process ended meanwhile.
 * @throws {CaptureError} capture-aborted when the signal fired.
 */
export async function withAttachment<T>(
  targets: Targets,
  target: Target,
  { kind, beforehand, signal, onPhase }: AttachedWork,
  work: (attachment: Attachment) => Promise<T>,
): Promise<T> {
  try {
    onPhase?.('attaching')
    targets.checkAllowed(target, kind)
    await beforehand?.()
    const attachment = await targets.attach(target, { signal })
    try {
      return await work(attachment)
    } finally {
      onPhase?.('detaching')
      await attachment.detach()
    }
  } catch (error) {
    throw captureFailure(target, error, signal)
  }
}

/** What went wrong, said of the capture. */
export function captureFailure(
  target: Target,
  error: unknown,
  signal: AbortSignal | undefined,
): unknown {
  if (signal?.aborted) {
    const message = `the capture of ${target.id} was given up; the target is as before`
    return new CaptureError('capture-aborted', message, { cause: signal.reason })
  }
  if (error instanceof InspectorError && error.code === 'session-closed') {
    const message = `${target.id} ended, or its inspector was closed, during the capture (${error.message})`
    return new TargetError('target-vanished', message, { cause: error })
  }
  return error
}
