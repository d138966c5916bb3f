/** The token of `access.tokenFile`: what may be sent instead of being an admitted user. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { constants, type FileHandle, open } from 'node:fs/promises'
import { InputError } from '../errors.ts'

/** 16 characters of hexadecimal digits are 64 bits: more than can be tried over HTTP. */
const minCharacters = 16
const maxBytes = 4096

/** @throws {InputError} config-invalid where the file is missing, not ours alone, or no token. */
export async function readToken(path: string, daemonUid = process.getuid?.()): Promise<string> {
  const file = await openFile(path)
  try {
    const stat = await file.stat()
    if (!stat.isFile()) throw invalid(path, 'which is no file')
    if (daemonUid !== undefined && stat.uid !== 0 && stat.uid !== daemonUid) {
      throw invalid(path, `which belongs to uid ${stat.uid}; chown it to uid ${daemonUid} or root`)
    }
    if (daemonUid !== undefined && (stat.mode & 0o077) !== 0) {
      throw invalid(path, `which other users can read or write; try: chmod 600 ${path}`)
    }
    return check(path, await readText(file))
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

async function openFile(path: string): Promise<FileHandle> {
  try {
    // A FIFO would hold up the start.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : cause
    throw invalid(path, `which cannot be read (${code})`, cause)
  }
}

async function readText(file: FileHandle): Promise<string> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(maxBytes + 1), 0, maxBytes + 1, 0)
  return buffer.subarray(0, bytesRead).toString('utf8')
}

function check(path: string, text: string): string {
  const token = text.trim()
  if (/^[\x21-\x7e]+$/.test(token) && token.length >= minCharacters && text.length <= maxBytes) {
    return token
  }
  const words = `which holds no token: one line of ${minCharacters} to ${maxBytes} printable characters without spaces is needed; try: openssl rand -hex 32 > ${path}`
  throw invalid(path, words)
}

function invalid(path: string, words: string, cause?: unknown): InputError {
  return new InputError('config-invalid', `access.tokenFile names ${path}, ${words}`, { cause })
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
