/** What V8 knows of a function without its source: name, script, and where in the script it begins. */
import type { Heap } from './heap.ts'
import { maxInlinedLocals } from './layout.ts'

export interface RawFunction {
  /** '' for an anonymous one. */
  readonly name: string
  /** As V8 gives it: a path, a file: or node: URL; '' for evaluated code. */
  readonly url: string
  /** Place of its parameters' parenthesis in the script, in UTF-16 units; -1 where unknown. */
  readonly start: number
  /** Of the whole script, in UTF-16 units; -1 where V8 has dropped the source. */
  readonly sourceLength: number
}

export const noFunction = -2

const unknown: RawFunction = { name: '', url: '', start: -1, sourceLength: -1 }
/** Of the words behind the variables: the name and its index, an inferred name, the positions. */
const wordsBehindLocals = 6

export class FunctionNames {
  readonly #heap: Heap
  readonly #known = new Map<number, number>()
  readonly #ids = new Map<string, number>()
  readonly functions: RawFunction[] = []

  constructor(heap: Heap) {
    this.#heap = heap
  }

  /**
   * Index into `functions`; `noFunction` where the address holds something else, -1 where it is unreadable.
   * `heap`: to read the function itself, which may be young and move. What it shares with its like stays.
   */
  idOf(fn: number, heap: Heap = this.#heap): number {
    const { types, offsets } = this.#heap.constants
    const type = heap.typeOf(fn)
    if (type !== types.function) return type < 0 ? -1 : noFunction
    const shared = heap.object(fn + offsets.functionShared)
    const known = this.#known.get(shared)
    if (known !== undefined) return known
    if (this.#heap.typeOf(shared) !== types.sharedFunction) return -1
    const id = this.#intern(this.#describe(shared))
    this.#known.set(shared, id)
    return id
  }

  /** The same file loaded in several threads or contexts is one function for whoever reads. */
  #intern(described: RawFunction): number {
    const key = JSON.stringify(described)
    const known = this.#ids.get(key)
    if (known !== undefined) return known
    this.#ids.set(key, this.functions.length)
    return this.functions.push(described) - 1
  }

  #describe(shared: number): RawFunction {
    const heap = this.#heap
    const { types, offsets } = heap.constants
    const script = heap.object(shared + offsets.sharedScript)
    const isScript = heap.typeOf(script) === types.script
    const url = isScript ? heap.string(heap.object(script + offsets.scriptName)) : undefined
    const source = isScript
      ? heap.stringLength(heap.object(script + offsets.scriptSource))
      : undefined
    const nameOrScope = heap.object(shared + offsets.sharedName)
    const scope =
      heap.typeOf(nameOrScope) === types.scopeInfo
        ? this.#scopeInfo(nameOrScope)
        : { ...unknown, name: heap.string(nameOrScope) ?? '' }
    return { name: scope.name, url: url ?? '', start: scope.start, sourceLength: source ?? -1 }
  }

  /** ScopeInfo in objects/scope-info.tq: numbers, the variables, then what the function has of the rest. */
  #scopeInfo(scope: number): { readonly name: string; readonly start: number } {
    const heap = this.#heap
    const { scopeLocalCount, scopeFirstLocal, scopeStart } = heap.constants.offsets
    const count = heap.smi(scope + scopeLocalCount)
    if (!heap.isSmi(scope + scopeLocalCount) || count < 0 || count > 100_000) return unknown
    // Each variable has a name and a word of its properties.
    const nameWords = count < maxInlinedLocals ? count : 1
    let at = scope + scopeFirstLocal + 8 * (nameWords + count)
    let name: string | undefined
    let start = scopeStart === undefined ? -1 : heap.smi(scope + scopeStart)
    for (let word = 0; word < wordsBehindLocals; word++, at += 8) {
      if (!heap.isSmi(at)) {
        name ??= heap.string(heap.object(at))
        if (name !== undefined && start >= 0) break
        continue
      }
      if (start >= 0) continue
      const [first, second] = [heap.smi(at), heap.smi(at + 8)]
      if (!heap.isSmi(at + 8) || first < 0 || second <= first) continue
      start = first
      break
    }
    return { name: name ?? '', start }
  }
}
