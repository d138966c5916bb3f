/**
 * The operational errors: everything that can go wrong without a bug in pprofd.
 *
 * An error says what happened in one sentence and, where one exists, what to do next (`tryNext`).
 * It knows nothing of HTTP or of exit codes: the server and main.ts each hold one table from `code`.
 */

export type TargetErrorCode =
  /** No process or configured target has that name or pid. */
  | 'target-unknown'
  /** The request named no target and there is no single obvious one. */
  | 'target-ambiguous'
  /** The process ended, or its pid belongs to another process now. */
  | 'target-vanished'
  /** The pre-flight found a reason not to touch the process. */
  | 'target-refused'
  /** The configuration forbids what was asked of this target. */
  | 'target-forbidden'
  /** The process was signalled or dialled, but no usable inspector answered. */
  | 'attach-failed'

export type InspectorErrorCode =
  /** The connection to the inspector ended before the answer came. */
  | 'session-closed'
  /** The target sent more than is allowed, and the connection was ended for it. */
  | 'message-too-large'
  /** The target did not answer a command in time. */
  | 'command-timeout'
  /** The target answered a command with an error, or with something that is no answer. */
  | 'command-failed'

export type CaptureErrorCode =
  /** Too many captures of this target, or in all, run already. */
  | 'captures-exhausted'
  /** It would probably stop the target for longer than the configuration allows. */
  | 'pause-too-long'
  /** It would take more memory or time, of the target or of pprofd, than there is or than is allowed. */
  | 'capture-too-costly'
  /** The recording came back unusable. */
  | 'recording-invalid'
  /** The memory of the process may not be read, or its V8 is laid out in a way that is not known. */
  | 'census-refused'
  /** It would read more of the target's memory than is allowed. */
  | 'memory-too-large'
  /** Of that time nothing was recorded. */
  | 'not-recorded'
  /** The target cannot be recorded without an inspector that stays open. */
  | 'door-closed'
  /** Whoever asked went away, or pprofd is stopping. */
  | 'capture-aborted'
  /** Somebody ended it by DELETE. */
  | 'capture-ended'
  /** It was taken, but could not be written to disk, or is nothing that the engine takes. */
  | 'profile-not-kept'

export type InputErrorCode =
  /** A query parameter, flag or argument is out of range or unreadable. */
  | 'parameter-invalid'
  /** A configuration file, environment variable or flag is wrong. */
  | 'config-invalid'

export type ErrorCode = TargetErrorCode | InspectorErrorCode | CaptureErrorCode | InputErrorCode

export interface ErrorDetails {
  readonly cause?: unknown
  /** The exact next command or URL to try. */
  readonly tryNext?: string | undefined
}

export class OperationalError<Code extends ErrorCode = ErrorCode> extends Error {
  readonly code: Code
  readonly tryNext: string | undefined

  constructor(code: Code, message: string, { cause, tryNext }: ErrorDetails = {}) {
    super(printable(message), cause === undefined ? undefined : { cause })
    this.name = new.target.name
    this.code = code
    this.tryNext = tryNext && printable(tryNext)
  }
}

/** It ends on a terminal, and part of it may come from a target or a client: no escape sequences. */
function printable(text: string): string {
  return text.replace(/(?!\n)[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, ' ')
}

/** Choosing, judging or reaching a target failed. */
export class TargetError extends OperationalError<TargetErrorCode> {}

/** Talking to a target's inspector failed. */
export class InspectorError extends OperationalError<InspectorErrorCode> {}

/** A recording could not be made or read. */
export class CaptureError extends OperationalError<CaptureErrorCode> {}

/** What the caller asked for is malformed; the message names the parameter and what is allowed. */
export class InputError extends OperationalError<InputErrorCode> {}
