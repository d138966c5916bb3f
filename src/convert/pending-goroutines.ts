/** Pending work, looked at again and again, as goroutines that live from the look that first saw them. */
import { cleanText, cutEnd } from './clean-text.ts'
import type { Goroutine } from './fgtrace-encoder.ts'
import type { FunctionNames } from './function-names.ts'
import { GoroutineIds, type Identifiable } from './goroutine-ids.ts'
import { type StateFrameForm, withStateFrame } from './state-frames.ts'
import type { SourceFrame } from './written-frames.ts'

/** What a look finds; the captures hand over objects of this shape. */
export interface PendingPiece {
  readonly thread: string
  readonly kind: string
  readonly state: string
  /** How many alike it stands for. */
  readonly count: number
  /** Nearest first. */
  readonly stack: readonly SourceFrame[]
  readonly waitsFor?: string | undefined
  readonly createdBy?: SourceFrame | undefined
  /** Node's own number of it within its thread. */
  readonly asyncId?: number | undefined
}

export interface PendingOptions {
  readonly names: FunctionNames
  readonly form: StateFrameForm
  /** Whether what belongs to pprofd itself is shown. */
  readonly withOwn: boolean
  readonly newId: () => number
}

export interface PendingChange {
  readonly now: readonly Goroutine[]
  readonly gone: readonly number[]
  /** How many are left out, because nobody looks at so many. */
  readonly leftOut: number
}

/** A timeline has a row for each. */
const maxAlike = 100
const maxGoroutines = 1000

const maxNameBytes = 200

/** After so many looks at a part only, what none of them saw counts as gone. */
const maxPartialLooks = 3

export class PendingGoroutines {
  readonly #options: PendingOptions
  readonly #ids: GoroutineIds
  #alive: ReadonlySet<number> = new Set()
  #partialLooks = 0

  constructor(options: PendingOptions) {
    this.#options = options
    this.#ids = new GoroutineIds(options.newId)
  }

  /** `pieces`: all that there is now; where the look `isPartial`, what is missing may be there, too. */
  async update(pieces: readonly PendingPiece[], isPartial = false): Promise<PendingChange> {
    const { names, form, withOwn } = this.#options
    const wanted = withOwn ? pieces : pieces.filter((piece) => !isOwn(piece))
    const single = wanted.flatMap(separated).slice(0, maxGoroutines)
    const stacks = await namedStacks(wanted, names)
    this.#partialLooks = isPartial ? this.#partialLooks + 1 : 0
    const keepsOthers = isPartial && this.#partialLooks <= maxPartialLooks
    const ids = this.#ids.assign(single.map(identityOf), keepsOthers)
    const now = single.map((piece, index): Goroutine => {
      const stack = stacks.get(piece) ?? []
      return {
        id: ids[index] ?? 0,
        createdBy: originOf(piece),
        stack: withStateFrame(stack, fit(`${piece.kind} ${piece.state}`), form),
      }
    })
    const alive = new Set([...ids, ...(keepsOthers ? this.#alive : [])])
    const gone = [...this.#alive].filter((id) => !alive.has(id))
    this.#alive = alive
    const total = wanted.reduce((sum, piece) => sum + countOf(piece), 0)
    return { now, gone, leftOut: total - single.length }
  }
}

/** What pprofd runs in the target has URLs of its own; the census shows evaluated code without them. */
function isOwn({ stack }: PendingPiece): boolean {
  return stack.some(
    ({ url, function: name }) => url.startsWith('pprofd:') || (url === '' && name === 'probeHeld'),
  )
}

function separated(piece: PendingPiece): readonly PendingPiece[] {
  return new Array<PendingPiece>(Math.min(countOf(piece), maxAlike)).fill(piece)
}

/** A target may send anything. */
function countOf({ count }: PendingPiece): number {
  return Math.max(0, Math.trunc(Number(count)) || 0)
}

async function namedStacks(
  pieces: readonly PendingPiece[],
  names: FunctionNames,
): Promise<ReadonlyMap<PendingPiece, readonly string[]>> {
  const all = await names.ofFrames(pieces.flatMap(({ stack }) => stack))
  const stacks = new Map<PendingPiece, readonly string[]>()
  let at = 0
  for (const piece of pieces) {
    const stack = all.slice(at, at + piece.stack.length)
    at += piece.stack.length
    // What has no JavaScript shows as what it is.
    stacks.set(piece, stack.length > 0 ? stack : [`(${fit(piece.kind)})`])
  }
  return stacks
}

function identityOf({ thread, kind, state, stack, asyncId, waitsFor }: PendingPiece): Identifiable {
  const outermost = stack.at(-1)
  const place = outermost === undefined ? '' : `${outermost.url}\0${outermost.function}`
  const isUnstable = kind === 'timer'
  return {
    key: asyncId === undefined ? undefined : `${thread}\0${asyncId}`,
    family: `${kind}\0${place}`,
    // The census cannot always tell the thread.
    signature: JSON.stringify([thread, state, stack, isUnstable ? '' : waitsFor]),
  }
}

function originOf({ thread, kind, waitsFor, createdBy }: PendingPiece): string {
  if (createdBy !== undefined) return fit(createdBy.function)
  const where = thread === 'main' ? [] : [thread]
  const what = kind === 'timer' || waitsFor === undefined ? [] : [waitsFor]
  return fit([...where, kind, ...what].join(' '))
}

function fit(text: string): string {
  return cutEnd(cleanText(text), maxNameBytes)
}
