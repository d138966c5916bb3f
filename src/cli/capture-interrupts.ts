/** Ctrl-C during a capture: the first ends the recording and keeps it, the second gives it up. */

export interface CaptureInterrupts {
  readonly endEarly: AbortSignal
  readonly abort: AbortSignal
  /** Gives the signals back to their default. */
  release(): void
}

export function captureInterrupts(): CaptureInterrupts {
  const endEarly = new AbortController()
  const abort = new AbortController()
  const onInterrupt = () => {
    if (endEarly.signal.aborted) abort.abort()
    endEarly.abort()
  }
  const onTerminate = () => abort.abort()
  process.on('SIGINT', onInterrupt)
  process.on('SIGTERM', onTerminate)
  process.on('SIGHUP', onTerminate)
  return {
    endEarly: endEarly.signal,
    abort: abort.signal,
    release: () => {
      process.off('SIGINT', onInterrupt)
      process.off('SIGTERM', onTerminate)
      process.off('SIGHUP', onTerminate)
    },
  }
}
