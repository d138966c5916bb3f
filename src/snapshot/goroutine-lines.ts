/**
 * The lines of Go's goroutine dump (runtime/traceback.go) as written for Node, and back. What must
 * be readable: https://github.com/DataDog/gostackparse and the model of goroutine-text.ts.
 */
import { cleanText, cutEnd, cutStart } from '../convert/clean-text.ts'
import { classifyScript, evaluated } from '../convert/script-origin.ts'
import { limits } from '../pprof/profile.ts'
import type { Frame } from './entry.ts'
import { percentEscape, percentUnescape } from './percent-escape.ts'

/** Where Go has a source file. No path begins like this. */
const nativeFile = '(native)'

/** `Mutex.acquire(...)`, `async handler(...)`. */
export function functionLine(frame: Frame): string {
  return `${frame.isAsync ? 'async ' : ''}${functionText(frame)}(...)`
}

/** `created by handler`: readers take the name up to the first blank. */
export function createdByLine(frame: Frame): string {
  return `created by ${percentEscape(functionText(frame), / /g)}`
}

/** The file, its line, and after `+` the column in hexadecimal, where Go has the offset of the code. */
export function fileLine({ url, line, column }: Frame): string {
  const offset = column > 0 ? ` +0x${column.toString(16)}` : ''
  return `\t${fileText(url, line)}:${line}${offset}`
}

export function readFunction(text: string): Pick<Frame, 'function' | 'isAsync'> {
  const isAsync = text.startsWith('async ')
  const name = percentUnescape(isAsync ? text.slice('async '.length) : text)
  return isAsync ? { function: name, isAsync } : { function: name }
}

export function readCreatedBy(text: string): string {
  return percentUnescape(percentUnescape(text))
}

/** Undefined where the line is no file's. */
export function readFile(text: string): Omit<Frame, 'function' | 'isAsync'> | undefined {
  const [, file, line, offset = '0'] =
    /^\t((?:[^:]|:(?!\d))+):(\d+)(?: (?:\+0x([\da-f]+))?.*)?$/.exec(text) ?? []
  if (file === undefined || line === undefined) return undefined
  const isFile = file !== nativeFile && file !== evaluated.file
  return {
    url: isFile ? percentUnescape(file) : '',
    line: Number(line),
    column: Number.parseInt(offset, 16),
  }
}

/**
 * Readers want parentheses in pairs, not nested, and one before the arguments; `created by` and
 * `async ` at the start mean something.
 */
function functionText(frame: Frame): string {
  const name = cutEnd(cleanText(frame.function), limits.functionNameBytes) || '(anonymous)'
  const isFlat = /^[^()]*(?:\([^()]*\)[^()]*)*$/.test(name)
  const safe = percentEscape(name, isFlat ? /(?!)/g : /[()]/g)
  return safe.replace(/^(created by|async|goroutine) /, '$1%20')
}

/** Paths rather than file URLs; a colon before a digit would end the name. */
function fileText(url: string, line: number): string {
  if (url === '') return line > 0 ? evaluated.file : nativeFile
  const { file } = classifyScript(url, '')
  return percentEscape(cutStart(cleanText(file), limits.fileNameBytes), /:(?=\d)/g)
}
