import { CaptureError } from '../../errors.ts'

/** What every part of the reader throws for text that is no heap snapshot. */
export function invalidSnapshot(problem: string, cause?: unknown): CaptureError {
  const message = `the heap snapshot is unusable: ${problem}`
  return new CaptureError('recording-invalid', message, { cause })
}
