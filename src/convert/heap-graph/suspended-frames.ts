/** The frames of suspended functions: from their marks, which know the line, or from the function itself. */
import type { AwaitFrame, SuspendedFrame } from '../suspended-messages.ts'
import type { AwaitGraph, Via } from './await-graph.ts'
import { isIdentifier } from './identifier.ts'
import { ScriptUrls } from './script-urls.ts'
import type { SuspendedMarks } from './suspended-marks.ts'

/** V8's stacks leave them out, too. */
const plainReceivers = /^(|Object|Function|Module|Array|Promise|Timeout|Immediate)$|^global/

export class SuspendedFrames {
  readonly all: SuspendedFrame[] = []
  /** Functions of which only the beginning is known. */
  withoutLine = 0
  readonly #graph: AwaitGraph
  readonly #marks: SuspendedMarks
  readonly #answers: readonly (AwaitFrame | undefined)[]
  readonly #urls: ScriptUrls
  readonly #positions: Int32Array
  readonly #numbers = new Map<string, number>()

  constructor(
    graph: AwaitGraph,
    marks: SuspendedMarks,
    answers: readonly (AwaitFrame | undefined)[],
  ) {
    this.#graph = graph
    this.#marks = marks
    this.#answers = answers
    const { locations, nodeCount } = graph.reader.graph
    this.#urls = new ScriptUrls(graph.reader.graph)
    this.#positions = new Int32Array(nodeCount)
    for (let row = 0; row < locations.nodes.length; row++) {
      this.#positions[locations.nodes[row] ?? 0] = (locations.positionIndexes[row] ?? 0) + 1
    }
  }

  /** The number of the frame in `all`. Called once for each suspended function. */
  frameOf(generator: number): number {
    const start = this.#startOf(generator)
    const answer = this.#answerOf(this.#graph.waitsOn(generator))
    if (answer !== undefined && belongsTo(answer, start)) {
      return this.#number({ ...answer, isExact: true })
    }
    this.withoutLine++
    const { name, receiver, ...position } = start
    return this.#number({ function: qualified(name, receiver), ...position, isExact: false })
  }

  combinatorOf({ combinator }: Via): number {
    return this.#number({ function: combinator, url: '', line: 0, column: 0, isExact: true })
  }

  argumentOf({ combinator, promise }: Via): number {
    const [, name, index] =
      /^(\S+) \(index (\d+)\)$/.exec(this.#answerOf(promise)?.function ?? '') ?? []
    return name === combinator ? Number(index) : -1
  }

  /** V8 answers for the only one that awaits a promise; it may have got company since. */
  #answerOf(promise: number): AwaitFrame | undefined {
    const mark = this.#marks.ofNode[promise] ?? 0
    return mark > 0 && this.#graph.hasOneReaction(promise) ? this.#answers[mark - 1] : undefined
  }

  #startOf(generator: number): Start {
    const { reader } = this.#graph
    const fn = this.#graph.functionOf(generator)
    const index = fn < 0 ? 0 : (this.#positions[fn] ?? 0)
    const position = reader.graph.locations.positions[index - 1]
    const receiver = reader.follow(generator, 'receiver')
    return {
      name: fn < 0 ? '' : reader.nameOf(fn),
      receiver: receiver < 0 || !reader.isObject(receiver) ? '' : reader.nameOf(receiver),
      url: position === undefined ? '' : this.#urls.of(position.scriptId),
      line: (position?.line ?? -1) + 1,
      column: (position?.column ?? -1) + 1,
    }
  }

  #number(frame: SuspendedFrame): number {
    const key = [frame.function, frame.url, frame.line, frame.column, frame.isExact].join('\0')
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    const number = this.all.push(frame) - 1
    this.#numbers.set(key, number)
    return number
  }
}

interface Start {
  readonly name: string
  readonly receiver: string
  readonly url: string
  readonly line: number
  readonly column: number
}

/** Whether a frame can be of the function; it is by identity, but a line must never be wrong. */
function belongsTo(frame: AwaitFrame, { name, url, line }: Start): boolean {
  const isName = name === '' || frame.function === name || frame.function.endsWith(`.${name}`)
  return isName && (url === '' || frame.url === url) && frame.line >= line
}

function qualified(name: string, receiver: string): string {
  if (name === '') return '(anonymous)'
  const isPlain = plainReceivers.test(receiver) || !isIdentifier(receiver) || name.includes('.')
  return isPlain ? name : `${receiver}.${name}`
}
