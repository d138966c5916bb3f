/**
 * From V8's call frames to what people see: the one place where 0-based becomes 1-based and where
 * functions get their names. pprof colours by what precedes the first `.` after the last `/` of a name
 * (google/pprof internal/report/package.go), so a name is `module.function`.
 */
import { limits } from '../pprof/profile.ts'
import type { CallFrame } from './call-frames.ts'
import { cleanText, cutEnd, cutStart } from './clean-text.ts'
import { frameAddress } from './frame-address.ts'
import { classifyScript, evaluated, type Origin, type Script } from './script-origin.ts'
import type { SourceLookup } from './source-lookup.ts'

export interface Frame {
  /** Such as `express/lib/router/index.handle`, `src/db.query`, `node:fs.readSync`, `(program)`. */
  readonly name: string
  /** Path or URL; empty for native code. */
  readonly file: string
  /** Where the function starts, 1-based; 0 for native code. */
  readonly line: number
  readonly column: number
  /** 47 bits, the same for the same function in every recording; see frame-address.ts. */
  readonly address: number
  readonly origin: Origin
  /** Such as `express@5.1.0`; of dependencies, where it is known. */
  readonly package?: string | undefined
  /** V8's `(idle)`: the thread waited. Not a function either, but samples hit it. */
  readonly isIdle: boolean
}

/** Leaves half of a name to the function, however deep the folders. */
const maxModuleBytes = limits.functionNameBytes / 2

export class Frames {
  readonly all: Frame[] = []
  readonly #workingDirectory: string
  readonly #sources: SourceLookup | undefined
  readonly #indexes = new Map<string, number>()
  readonly #scripts = new Map<string, Script>()

  /**
   * Names of application code are relative to `workingDirectory`; it may be empty. With `sources`,
   * which were asked for these call frames' positions, frames are what was written, not what ran.
   */
  constructor(workingDirectory: string, sources?: SourceLookup) {
    this.#workingDirectory = workingDirectory
    this.#sources = sources
  }

  /**
   * The index in `all` of the frame for that call frame; -1 for V8's `(root)`, which is no function.
   * One function is one frame, on any thread.
   */
  indexOf(callFrame: CallFrame): number {
    const { functionName, url, lineNumber, columnNumber } = this.#asWritten(callFrame)
    if (url === '' && lineNumber < 0 && functionName === '(root)') return -1
    const script = this.#scriptOf(url, lineNumber)
    const key = `${script.file}\0${lineNumber}\0${columnNumber}\0${functionName}`
    const known = this.#indexes.get(key)
    if (known !== undefined) return known
    const index = this.all.length
    this.#indexes.set(key, index)
    const written = { functionName, url, lineNumber, columnNumber }
    this.all.push(describeFrame(written, script, this.#packageOf(script)))
    return index
  }

  #asWritten(callFrame: CallFrame): CallFrame {
    const { url, lineNumber, columnNumber } = callFrame
    const found = this.#sources?.positionFor(url, lineNumber, columnNumber)
    if (!found) return callFrame
    const functionName = found.name ?? callFrame.functionName
    return { functionName, url: found.url, lineNumber: found.line, columnNumber: found.column }
  }

  #packageOf({ origin, file }: Script): string | undefined {
    if (origin !== 'dependency') return undefined
    const found = this.#sources?.packageOf(file)
    if (!found?.version) return undefined
    return cutEnd(cleanText(`${found.name}@${found.version}`), limits.functionNameBytes)
  }

  #scriptOf(url: string, lineNumber: number): Script {
    if (url === '' && lineNumber >= 0) return evaluated
    const known = this.#scripts.get(url)
    if (known) return known
    const script = classifyScript(url, this.#workingDirectory)
    this.#scripts.set(url, script)
    return script
  }
}

function describeFrame(callFrame: CallFrame, script: Script, packageName?: string): Frame {
  const { functionName, url, lineNumber, columnNumber } = callFrame
  return {
    name: qualifiedName(callFrame, script.module),
    file: cutStart(cleanText(script.file), limits.fileNameBytes),
    line: lineNumber + 1,
    column: columnNumber + 1,
    address: frameAddress(script.file, lineNumber, columnNumber, functionName),
    origin: script.origin,
    ...(packageName !== undefined && { package: packageName }),
    isIdle: url === '' && lineNumber < 0 && functionName === '(idle)',
  }
}

function qualifiedName(callFrame: CallFrame, module: string): string {
  const own = cleanText(callFrame.functionName) || nameOfAnonymous(callFrame)
  if (module === '') return cutEnd(own, limits.functionNameBytes)
  return cutEnd(`${cutStart(cleanText(module), maxModuleBytes)}.${own}`, limits.functionNameBytes)
}

/** The position keeps pprof, which merges by name, from fusing all anonymous functions of a file. */
function nameOfAnonymous({ lineNumber, columnNumber }: CallFrame): string {
  if (lineNumber < 0) return '(anonymous)'
  if (lineNumber === 0 && columnNumber === 0) return '(module)'
  return `(anonymous:${lineNumber + 1}:${columnNumber + 1})`
}
