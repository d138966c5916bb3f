/** Reads a configuration file's text: bounded, never blocking, with reasons people understand. */
import { constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { InputError } from '../errors.ts'

/** Read where neither `--config` nor PPROFD_CONFIG names a file, if it exists. */
export const defaultConfigFile = '/etc/pprofd/pprofd.yaml'

/** Far beyond any real configuration: 10,000 targets are about 600 KiB. */
const maxFileBytes = 1_048_576

export interface ConfigFileChoice {
  /** What `--config` names. */
  readonly file?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** Instead of `defaultConfigFile`. */
  readonly defaultFile?: string | undefined
}

/** The file that `loadConfig` reads: --config, else PPROFD_CONFIG, else the default one if it exists. */
export async function findConfigFile(choice: ConfigFileChoice): Promise<string | undefined> {
  const { file, env, defaultFile = defaultConfigFile } = choice
  const named = file ?? (env.PPROFD_CONFIG || undefined)
  if (named !== undefined) return named
  try {
    await stat(defaultFile)
    return defaultFile
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw unreadable(defaultFile, error)
  }
}

/** The text of `file`; throws InputError config-invalid naming it. */
export async function readConfigFile(file: string): Promise<string> {
  let handle: FileHandle | undefined
  try {
    // Not blocking, because a pipe that nobody writes to would hold up the start for ever.
    handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    const info = await handle.stat()
    // A character device is /dev/null, the usual way to ask for no file at all.
    if (!info.isFile() && !info.isCharacterDevice()) {
      throw new InputError('config-invalid', `the configuration ${file} is not a file`)
    }
    const bytes = await readAtMost(handle, maxFileBytes + 1)
    if (bytes.length > maxFileBytes) {
      throw new InputError('config-invalid', `the configuration file ${file} is larger than 1 MiB`)
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw error instanceof InputError ? error : unreadable(file, error)
  } finally {
    await handle?.close()
  }
}

async function readAtMost(handle: FileHandle, sizeBytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(sizeBytes)
  let length = 0
  while (length < sizeBytes) {
    const { bytesRead } = await handle.read(buffer, length, sizeBytes - length, null)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return buffer.subarray(0, length)
}

function unreadable(file: string, cause: unknown): InputError {
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'does not exist',
    EACCES: 'may not be read by this user',
    ERR_ENCODING_INVALID_ENCODED_DATA: 'is not UTF-8 text',
  }
  const code = codeOf(cause)
  const reason = reasons[code] ?? `cannot be read (${code})`
  return new InputError('config-invalid', `the configuration file ${file} ${reason}`, { cause })
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
}
