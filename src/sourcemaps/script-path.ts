import { posix } from 'node:path'

/** The absolute path of a script's file; undefined for `data:`, `node:`, evaluated code and the like. */
export function scriptPath(url: string): string | undefined {
  if (url.startsWith('file:///')) return filePath(url)
  return url.startsWith('/') ? posix.normalize(url) : undefined
}

/** The path of a file: URL on this machine, percent-decoded where it decodes. */
export function filePath(url: string): string {
  const path = url.replace(/^file:(?:\/\/(?:localhost(?=\/))?)?/i, '').replace(/[?#].*$/s, '')
  return posix.normalize(percentDecoded(path))
}

/** The text as it is where it does not decode. */
export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
