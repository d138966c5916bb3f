/** Which source map a script names: the comment at its end. https://tc39.es/ecma426/#sec-linking-generated-code */
import { posix } from 'node:path'
import { MapProblem } from './map-problem.ts'
import { type OpenFile, readPart, readWhole } from './rooted-files.ts'
import { filePath, percentDecoded } from './script-path.ts'

export type MapReference =
  /** In the script: `readInlineMap`. */
  | { readonly kind: 'inline' }
  | { readonly kind: 'file'; readonly path: string }
  /** Somewhere else, where pprofd does not look. */
  | { readonly kind: 'elsewhere'; readonly url: string }
  | { readonly kind: 'none' }

/** The comment, unless it holds the map itself, and what tools write behind it. */
const tailBytes = 4096
/** Lines of comments behind it, such as `//# debugId=`. */
const maxCommentLines = 10
/** `application/json;charset=utf-8;base64` has 36. */
const maxTypeBytes = 256

const comment = /^[\t ]*\/[/*][#@][\t ]*sourceMappingURL=[\t ]*([^\s'"]+?)(?:[\t ]*\*\/)?[\t ]*$/
const otherComment = /^\s*(?:$|\/\/|\/\*.*\*\/\s*$)/

export function findMapReference(script: OpenFile, path: string): MapReference {
  const { fd, sizeBytes } = script
  const tail = readPart(fd, Math.max(0, sizeBytes - tailBytes), Math.min(tailBytes, sizeBytes))
  const url = urlIn(tail.toString('latin1'))
  if (url?.startsWith('data:')) return { kind: 'inline' }
  if (url !== undefined) return referenceOf(url, path)
  const isCut = tail.length < sizeBytes
  return isCut && endsInBase64(tail) ? { kind: 'inline' } : { kind: 'none' }
}

function urlIn(text: string): string | undefined {
  const lines = text.split(/\r?\n/).reverse()
  for (const line of lines.slice(0, maxCommentLines)) {
    const url = comment.exec(line)?.[1]
    if (url !== undefined) return url
    if (!otherComment.test(line)) return undefined
  }
  return undefined
}

function referenceOf(latin1: string, path: string): MapReference {
  // The bytes of the URL were read as Latin-1 so that a cut character does no harm.
  const url = Buffer.from(latin1, 'latin1').toString('utf8')
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase()
  if (scheme === 'file') return { kind: 'file', path: filePath(url) }
  if (scheme !== undefined || url.startsWith('//')) return { kind: 'elsewhere', url }
  const relative = percentDecoded(url.replace(/[?#].*$/s, ''))
  return { kind: 'file', path: posix.resolve(posix.dirname(path), relative) }
}

/** A map in the comment may have megabytes, so that the tail has no more of it than base64. */
function endsInBase64(tail: Buffer): boolean {
  const line = tail.toString('latin1').replace(/\r?\n\/\/.*$/s, '')
  return /^[A-Za-z0-9+/=%_-]+\s*(?:\*\/\s*)?$/.test(line)
}

/**
 * The map that the script holds.
 * @throws {MapProblem} where it holds none, or is larger than `maxBytes`.
 */
export function readInlineMap(script: OpenFile, maxBytes: number): Buffer {
  const whole = readWhole(script, maxBytes)
  const marker = 'sourceMappingURL=data:'
  const start = whole.lastIndexOf(marker) + marker.length
  const comma = whole.indexOf(',', start)
  if (start < marker.length || comma < 0 || comma - start > maxTypeBytes) {
    throw new MapProblem('its data: URL is malformed')
  }
  const lineEnd = whole.indexOf('\n', comma)
  const end = lineEnd < 0 ? whole.length : lineEnd
  const text = whole.toString('latin1', comma + 1, end).trimEnd()
  if (/;base64$/i.test(whole.toString('latin1', start, comma))) return Buffer.from(text, 'base64')
  try {
    return Buffer.from(decodeURIComponent(text))
  } catch {
    throw new MapProblem('its data: URL is malformed')
  }
}
