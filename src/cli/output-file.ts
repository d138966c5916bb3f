import { writeFile } from 'node:fs/promises'
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
    throw new InputError('parameter-invalid', `cannot write ${file}: ${String(cause)}`, { cause })
  }
}

/** A target's name as part of a file name. */
export function fileNamePart(name: string): string {
  return name.replace(/[^A-Za-z0-9._-]+/g, '_').replace(/^[.-]+/, '') || 'node'
}
