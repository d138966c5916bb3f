/**
 * Finds out, from a process of which everything is known, what V8 does not publish of a build: the form
 * of the heap's pages, and by which of its own functions V8 leads from one promise to the next.
 */
import { builtinOf, hopOf } from './await-graph.ts'
import { lessons } from './calibration-program.ts'
import { FunctionNames } from './function-names.ts'
import { Heap } from './heap.ts'
import { heapPages } from './heap-pages.ts'
import {
  behindNext,
  type Constants,
  type FreeSpace,
  fields,
  type Hop,
  type Layout,
  type PageFormat,
} from './layout.ts'
import type { ProcessMemory, Span } from './process-memory.ts'
import { findFreeSpace, findMaps, findSuspended } from './scan-heap.ts'

const formats: readonly PageFormat[] = ['self-header', 'metadata', 'sized-header']
/** Fields of a shared function info that can hold its builtin: V8 12 put a second one in front. */
const builtinOffsets = [8, 16]
/** Of a reaction: V8 12 put the context of AsyncLocalStorage in front. */
const reactionNexts = [8, 16]
/** Objects between a function and the promise that it settles are small: eight fields, three deep. */
const deepest = 3
const searchedFields = Array.from({ length: 9 }, (_, index) => 8 + 8 * index)
/** The child has two isolates with some 30 pages each; no other form finds as many by chance. */
const fewestPages = 20

/** What could not be found is told in words. */
export function learnLayout(
  memory: ProcessMemory,
  spans: readonly Span[],
  constants: Constants,
  buildId: string,
): Layout | { readonly missing: string } {
  const format = formats.find((each) => heapPages(memory, spans, each).length >= fewestPages)
  if (format === undefined) return { missing: "the pages of V8's heap have an unknown form" }
  const heap = new Heap(memory, constants)
  const freeSpace = findFreeSpace(memory, heap, heapPages(memory, spans, format))
  if (freeSpace === undefined) return { missing: 'free memory could not be told from objects' }
  const named = namedObjects(memory, heap, spans, format, freeSpace)
  for (const builtinOffset of builtinOffsets) {
    for (const reactionNext of reactionNexts) {
      const learnt = { pageFormat: format, freeSpace, builtinOffset, reactionNext }
      const layout = { ...constants, buildId, ...learnt, hops: new Map<number, Hop>() }
      if (learnHops(heap, layout, named)) return layout
    }
  }
  return { missing: 'the way from a promise to what awaits it was not found' }
}

type NamedObjects = ReadonlyMap<string, readonly number[]>

/** Addresses of the suspended objects, by name of their function; those of both isolates. */
function namedObjects(
  memory: ProcessMemory,
  heap: Heap,
  spans: readonly Span[],
  format: PageFormat,
  freeSpace: FreeSpace,
): NamedObjects {
  const pages = heapPages(memory, spans, format)
  const maps = findMaps(memory, heap, pages, freeSpace.instanceType, () => false)
  const none = new Map<number, number>()
  const suspended = findSuspended(
    memory,
    pages,
    none,
    maps,
    () => 0,
    freeSpace.unitBytes,
    () => false,
  )
  const names = new FunctionNames(heap)
  const named = new Map<string, number[]>()
  for (let index = 0; index < suspended.length; index++) {
    const name = names.functions[names.idOf(suspended.function[index] ?? 0)]?.name ?? ''
    named.set(name, [...(named.get(name) ?? []), suspended.address[index] ?? 0])
  }
  return named
}

function learnHops(heap: Heap, layout: Layout & { hops: Map<number, Hop> }, named: NamedObjects) {
  for (const { from, to, kind } of lessons) {
    const targets = new Set(named.get(to))
    const learnt = (named.get(from) ?? []).some((object) => {
      const reaction = heap.object(
        heap.object(object + fields.generatorResult) + fields.promiseReactions,
      )
      const side = kind === 'Promise.any' ? behindNext.reject : behindNext.fulfill
      const handler = heap.object(reaction + layout.reactionNext + side)
      const builtin = builtinOf(heap, layout, layout.builtinOffset, handler)
      if (builtin === undefined) return false
      if (layout.hops.get(builtin)?.kind === kind) return true
      const context = heap.object(handler + layout.offsets.functionContext)
      const path = findPath(heap, context, (end) => leadsTo(heap, layout, kind, end, targets))
      if (path !== undefined) layout.hops.set(builtin, { kind, path })
      return path !== undefined
    })
    if (!learnt) return false
  }
  return true
}

/** Whether `end` is what a hop of this kind must lead to. */
function leadsTo(
  heap: Heap,
  layout: Layout,
  kind: Hop['kind'],
  end: number,
  targets: ReadonlySet<number>,
): boolean {
  if (kind === 'await') return targets.has(end)
  const wanted = kind === 'resolve' ? layout.types.promise : layout.types.capability
  if (heap.typeOf(end) !== wanted) return false
  const promise = kind === 'resolve' ? end : heap.object(end + fields.capabilityPromise)
  if (heap.typeOf(promise) !== layout.types.promise) return false
  const reaction = heap.object(promise + fields.promiseReactions)
  if (heap.typeOf(reaction) !== layout.types.reaction) return false
  const handler = heap.object(reaction + layout.reactionNext + behindNext.fulfill)
  const hop = hopOf(heap, layout, handler)
  if (hop?.kind !== 'await') return false
  let object = heap.object(handler + layout.offsets.functionContext)
  for (const offset of hop.path) object = heap.object(object + offset)
  return targets.has(object)
}

/** The shortest path of fields from an object to one that is wanted. */
function findPath(
  heap: Heap,
  from: number,
  isWanted: (object: number) => boolean,
): readonly number[] | undefined {
  let paths: { readonly object: number; readonly path: readonly number[] }[] = [
    { object: from, path: [] },
  ]
  for (let depth = 0; depth < deepest; depth++) {
    paths = paths.flatMap(({ object, path }) =>
      searchedFields
        .map((offset) => ({ object: heap.object(object + offset), path: [...path, offset] }))
        .filter((next) => heap.typeOf(next.object) >= 0),
    )
    const found = paths.find(({ object }) => isWanted(object))
    if (found !== undefined) return found.path
  }
  return undefined
}
