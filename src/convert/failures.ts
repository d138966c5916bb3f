/** Errors on their way from one thread to another: those of pprofd keep their code. */
import { CaptureError, type ErrorCode, OperationalError } from '../errors.ts'

export interface Failure {
  readonly code: ErrorCode | undefined
  readonly message: string
  readonly tryNext: string | undefined
}

/** `purpose`: what the memory of the machine may be too little for, as in `find out what the heap retains`. */
export function failureOf(error: unknown, purpose: string): Failure {
  if (error instanceof OperationalError) {
    return { code: error.code, message: error.message, tryNext: error.tryNext }
  }
  if (error instanceof RangeError && error.message.startsWith('Array buffer allocation')) {
    const message = `the machine has too little memory to ${purpose}`
    return { code: 'capture-too-costly', message, tryNext: undefined }
  }
  return { code: undefined, message: String(error), tryNext: undefined }
}

export function errorOf({ code, message, tryNext }: Failure): Error {
  if (code === undefined) return new Error(message)
  const details = tryNext === undefined ? {} : { tryNext }
  if (code === 'recording-invalid' || code === 'capture-too-costly') {
    return new CaptureError(code, message, details)
  }
  return new OperationalError(code, message, details)
}
