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
  /** V8's `(idle)`: the thread waited. Not a function either, but samples hit it. */
  readonly isIdle: boolean
}

/** Leaves half of a name to the function, however deep the folders. */
const maxModuleBytes = limits.functionNameBytes / 2

export class Frames {
  readonly all: Frame[] = []
  readonly #workingDirectory: string
  readonly #indexes = new Map<string, number>()
  readonly #scripts = new Map<string, Script>()

  /** Names of application code are relative to `workingDirectory`; it may be empty. */
  constructor(workingDirectory: string) {
    this.#workingDirectory = workingDirectory
  }

  /**
   * The index in `all` of the frame for that call frame; -1 for V8's `(root)`, which is no function.
   * One function is one frame, on any thread.
   */
  indexOf(callFrame: CallFrame): number {
    const { functionName, url, lineNumber, columnNumber } = callFrame
    if (url === '' && lineNumber < 0 && functionName === '(root)') return -1
    const script = this.#scriptOf(url, lineNumber)
    const key = `${script.file}\0${lineNumber}\0${columnNumber}\0${functionName}`
    const known = this.#indexes.get(key)
    if (known !== undefined) return known
    const index = this.all.length
    this.#indexes.set(key, index)
    this.all.push(describeFrame(callFrame, script))
    return index
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

function describeFrame(callFrame: CallFrame, script: Script): Frame {
  const { functionName, url, lineNumber, columnNumber } = callFrame
  return {
    name: qualifiedName(callFrame, script.module),
    file: cutStart(cleanText(script.file), limits.fileNameBytes),
    line: lineNumber + 1,
    column: columnNumber + 1,
    address: frameAddress(script.file, lineNumber, columnNumber, functionName),
    origin: script.origin,
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
