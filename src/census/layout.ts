/**
 * Where V8 keeps what in its objects, for one build of Node. Most comes out of the binary's `v8dbg_*`
 * constants; a few offsets V8 does not publish. They were the same from V8 10.2 to 14.6, and no build is
 * read with them before a census of a known program has given exactly the known result (calibrate.ts).
 */
import type { BuildConstants } from './build-constants.ts'

/** Instance types, the 16-bit numbers that a map gives its objects. */
export interface Types {
  readonly asyncFunction: number
  readonly asyncGenerator: number
  readonly generator: number
  readonly promise: number
  readonly reaction: number
  readonly capability: number
  readonly generatorRequest: number
  readonly function: number
  readonly sharedFunction: number
  readonly scopeInfo: number
  readonly script: number
  readonly map: number
}

/** Byte offsets of fields from the beginning of their object. */
export interface Offsets {
  readonly mapInstanceType: number
  readonly functionShared: number
  readonly functionContext: number
  readonly sharedName: number
  readonly sharedScript: number
  readonly scriptName: number
  readonly scriptSource: number
  readonly stringLength: number
  readonly stringChars: number
  /** Where a scope info holds the number of its variables, and its first variable. */
  readonly scopeLocalCount: number
  readonly scopeFirstLocal: number
  /** Where it holds the function's first character; undefined: after the variables. */
  readonly scopeStart: number | undefined
}

export interface Constants {
  readonly types: Types
  readonly offsets: Offsets
}

/** Of the object kinds whose fields V8 does not publish. All fields are tagged words of 8 bytes. */
export const fields = {
  generatorFunction: 24,
  generatorContinuation: 64,
  /** An async function's promise, an async generator's queue of requests. */
  generatorResult: 80,
  promiseReactions: 24,
  promiseFlags: 32,
  capabilityPromise: 8,
  requestNext: 8,
  requestPromise: 32,
  /** A function's properties, or its identity hash: Promise.all keeps the index there. */
  hash: 8,
  contextFirst: 16,
} as const

/** Beyond this many variables a scope info keeps their names in a table of its own. */
export const maxInlinedLocals = 75

/** What the function that V8 hangs on a promise does when the promise is fulfilled. */
export type HopKind = 'await' | 'resolve' | 'Promise.all' | 'Promise.allSettled' | 'Promise.any'

/** How to get from such a function's context to what goes on afterwards. */
export interface Hop {
  readonly kind: HopKind
  /** Offsets to follow, each in the object that the one before led to. */
  readonly path: readonly number[]
}

/** From a reaction's pointer to the next one. */
export const behindNext = { reject: 8, fulfill: 16, result: 24 } as const

/** How a page of the heap says what it is. See heap-pages.ts. */
export type PageFormat = 'sized-header' | 'self-header' | 'metadata'

/** What V8 fills free memory with. Its second word is its size, in `unitBytes`. */
export interface FreeSpace {
  /** Not published since V8 13. */
  readonly instanceType: number
  /** 1, and 8 since V8 13. */
  readonly unitBytes: number
}

/** All that a census needs to know of a build; can be sent between threads. */
export interface Layout extends Constants {
  readonly buildId: string
  readonly pageFormat: PageFormat
  readonly freeSpace: FreeSpace
  /** Where a shared function info holds the number of its builtin. */
  readonly builtinOffset: number
  /** Where a reaction holds the next one; then follow its handlers and its promise. V8 12 moved them. */
  readonly reactionNext: number
  /** By number of the builtin. */
  readonly hops: ReadonlyMap<number, Hop>
}

/** What is missing is told by name; pointers of 4 bytes are not read. */
export function constantsOf({ values }: BuildConstants): Constants | { readonly missing: string } {
  if (values.size === 0) return { missing: 'it carries no v8dbg_ constants' }
  if (values.get('TaggedSize') !== 8) return { missing: 'its V8 uses compressed pointers' }
  const absent: string[] = []
  const find = (kind: string, names: readonly string[]) => {
    for (const name of names) {
      for (const [key, value] of values) if (key.startsWith(`${kind}_${name}__`)) return value
    }
    absent.push(`${kind}_${names[0]}`)
    return -1
  }
  const type = (name: string) => find('type', [name])
  const field = (...names: string[]) => find('class', names)
  const index = (name: string) => 8 + 8 * (values.get(`scopeinfo_idx_${name}`) ?? Number.NaN)
  // V8 13 moved the position of the function before the variables.
  const positionFirst = values.get('scopeinfo_idx_first_vars') === 5
  const types: Types = {
    asyncFunction: type('JSAsyncFunctionObject'),
    asyncGenerator: type('JSAsyncGeneratorObject'),
    // V8 does not publish this one; its three kinds follow each other.
    generator: type('JSAsyncFunctionObject') - 1,
    promise: type('JSPromise'),
    reaction: type('PromiseReaction'),
    capability: type('PromiseCapability'),
    generatorRequest: type('AsyncGeneratorRequest'),
    function: type('JSFunction'),
    sharedFunction: type('SharedFunctionInfo'),
    scopeInfo: type('ScopeInfo'),
    script: type('Script'),
    map: type('Map'),
  }
  const offsets: Offsets = {
    mapInstanceType: field('Map__instance_type'),
    functionShared: field('JSFunction__shared'),
    functionContext: field('JSFunction__context'),
    sharedName: field('SharedFunctionInfo__name_or_scope_info'),
    sharedScript: field('SharedFunctionInfo__script', 'SharedFunctionInfo__script_or_debug_info'),
    scriptName: field('Script__name'),
    scriptSource: field('Script__source'),
    stringLength: field('String__length'),
    stringChars: field('SeqOneByteString__chars'),
    scopeLocalCount: index('ncontextlocals'),
    scopeFirstLocal: index('first_vars'),
    scopeStart: positionFirst ? index('ncontextlocals') + 8 : undefined,
  }
  if (Number.isNaN(offsets.scopeLocalCount) || Number.isNaN(offsets.scopeFirstLocal)) {
    absent.push('scopeinfo_idx')
  }
  if (absent.length > 0) return { missing: `its v8dbg_ constants lack ${absent.join(', ')}` }
  return { types, offsets }
}
