/** The token of `access.tokenFile`: what may be sent instead of being an admitted user. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { constants, type FileHandle, open } from 'node:fs/promises'
import { InputError } from '../errors.ts'

/** 16 characters of hexadecimal digits are 64 bits: more than can be tried over HTTP. */
const minOwnCharacters = 16
const maxBytes = 4096

export interface TokenFileOptions {
  readonly daemonUid?: number | undefined
  /** Of the configuration, for the messages. (default: access.tokenFile) */
  readonly option?: string
  readonly minCharacters?: number
}

/** @throws {InputError} config-invalid where the file is missing, not ours alone, or no token. */
export async function readToken(path: string, options: TokenFileOptions = {}): Promise<string> {
  const { daemonUid = process.getuid?.(), option = 'access.tokenFile' } = options
  const { minCharacters = minOwnCharacters } = options
  const invalid = (words: string, cause?: unknown) => unfit(option, path, words, cause)
  const file = await openFile(path, invalid)
  try {
    const stat = await file.stat()
    if (!stat.isFile()) throw invalid('which is no file')
    if (daemonUid !== undefined && stat.uid !== 0 && stat.uid !== daemonUid) {
      throw invalid(`which belongs to uid ${stat.uid}; chown it to uid ${daemonUid} or root`)
    }
    if (daemonUid !== undefined && (stat.mode & 0o077) !== 0) {
      throw invalid(`which other users can read or write; try: chmod 600 ${path}`)
    }
    const text = await readText(file)
    const token = text.trim()
    const isLong = token.length >= minCharacters && text.length <= maxBytes
    if (isLong && /^[\x21-\x7e]+$/.test(token)) return token
    throw invalid(
      `which holds no token: one line of ${minCharacters} to ${maxBytes} printable characters without spaces is needed; try: openssl rand -hex 32 > ${path}`,
    )
  } finally {
    await file.close()
  }
}

/** In a time that does not tell how much of it is right. */
export function isToken(given: string, token: string): boolean {
  return timingSafeEqual(digest(given), digest(token))
}

/** What a request sends as `Authorization: Bearer TOKEN`, or as password of any user's (RFC 7617). */
export function sentToken(authorization: string | undefined): string | undefined {
  const [, scheme = '', value = ''] = /^(bearer|basic) +(\S+) *$/i.exec(authorization ?? '') ?? []
  if (scheme === '') return undefined
  if (scheme.toLowerCase() === 'bearer') return value
  const [, password] = /^[^:]*:(.*)$/s.exec(Buffer.from(value, 'base64').toString('utf8')) ?? []
  return password
}

async function openFile(path: string, invalid: Unfit): Promise<FileHandle> {
  try {
    // A FIFO would hold up the start.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : cause
    throw invalid(`which cannot be read (${code})`, cause)
  }
}

async function readText(file: FileHandle): Promise<string> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(maxBytes + 1), 0, maxBytes + 1, 0)
  return buffer.subarray(0, bytesRead).toString('utf8')
}

type Unfit = (words: string, cause?: unknown) => InputError

function unfit(option: string, path: string, words: string, cause: unknown): InputError {
  return new InputError('config-invalid', `${option} names ${path}, ${words}`, { cause })
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
