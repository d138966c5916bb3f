/** Names of functions as all formats show them, asked for again and again while a recording goes on. */
import type { CallFrame } from './call-frames.ts'
import { Frames } from './frame.ts'
import { type FindSources, SourceQuestions } from './source-lookup.ts'
import { type SourceFrame, writtenFrames } from './written-frames.ts'

/** A program that makes functions without end must not fill our memory. */
const maxKnown = 50_000

export class FunctionNames {
  readonly #workingDirectory: string
  readonly #findSources: FindSources | undefined
  readonly #calls = new Map<string, string>()
  readonly #frames = new Map<string, string>()

  /** With `findSources`, names are what was written, not what runs. */
  constructor(workingDirectory: string, findSources?: FindSources) {
    this.#workingDirectory = workingDirectory
    this.#findSources = findSources
  }

  /** Of V8's call frames, in their order; empty for its `(root)`. */
  async ofCalls(callFrames: readonly CallFrame[]): Promise<readonly string[]> {
    const keys = callFrames.map(keyOfCall)
    const unknown = callFrames.filter((_, index) => !this.#calls.has(keys[index] ?? ''))
    if (unknown.length > 0) await this.#learnCalls(unknown)
    return keys.map((key) => this.#calls.get(key) ?? '')
  }

  /** Of frames that say where a call is, in their order. */
  async ofFrames(frames: readonly SourceFrame[]): Promise<readonly string[]> {
    const keys = frames.map(keyOfFrame)
    const unknown = frames.filter((_, index) => !this.#frames.has(keys[index] ?? ''))
    if (unknown.length > 0) await this.#learnFrames(unknown)
    return keys.map((key) => this.#frames.get(key) ?? '')
  }

  async #learnCalls(callFrames: readonly CallFrame[]): Promise<void> {
    if (this.#calls.size > maxKnown) this.#calls.clear()
    const questions = new SourceQuestions()
    for (const callFrame of callFrames) questions.addFunction(callFrame)
    const frames = new Frames(this.#workingDirectory, await this.#findSources?.(questions.all()))
    for (const callFrame of callFrames) {
      const name = frames.all[frames.indexOf(callFrame)]?.name ?? ''
      this.#calls.set(keyOfCall(callFrame), name)
    }
  }

  async #learnFrames(frames: readonly SourceFrame[]): Promise<void> {
    if (this.#frames.size > maxKnown) this.#frames.clear()
    const written = this.#findSources && (await writtenFrames(frames, this.#findSources))
    const names = new Frames(this.#workingDirectory)
    for (const frame of frames) {
      const index = names.indexOf(asCall(written?.of(frame) ?? frame))
      this.#frames.set(keyOfFrame(frame), names.all[index]?.name ?? '')
    }
  }
}

function asCall({ function: name, url, line, column }: SourceFrame): CallFrame {
  const functionName = name === '(anonymous)' ? '' : name
  return { functionName, url, lineNumber: line - 1, columnNumber: column - 1 }
}

function keyOfCall({ functionName, url, lineNumber, columnNumber }: CallFrame): string {
  return `${url}\0${lineNumber}\0${columnNumber}\0${functionName}`
}

function keyOfFrame({ function: name, url, line, column }: SourceFrame): string {
  return `${url}\0${line}\0${column}\0${name}`
}
