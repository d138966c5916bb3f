import { access, constants, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { InputError } from '../errors.ts'

/** Writes to the file, or to stdout for `-`. A profile tells of the target: 0600. */
export async function writeOutput(file: string, bytes: Uint8Array): Promise<void> {
  if (file === '-') {
    await new Promise<void>((resolve) => process.stdout.write(bytes, () => resolve()))
    return
  }
  try {
    await writeFile(file, bytes, { mode: 0o600 })
  } catch (cause) {
    throw notWritable(file, cause)
  }
}

/** Before a capture: a typing error in the folder shall not cost a recording. */
export async function checkOutput(file: string): Promise<void> {
  if (file === '-') return
  try {
    await access(dirname(file), constants.W_OK)
  } catch (cause) {
    throw notWritable(file, cause)
  }
}

/** A target's name as part of a file name. */
export function fileNamePart(name: string): string {
  return name.replace(/[^A-Za-z0-9._-]+/g, '_').replace(/^[.-]+/, '') || 'node'
}

export function notWritable(file: string, cause: unknown): InputError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new InputError('parameter-invalid', `cannot write ${file}: ${reason}`, { cause })
}
