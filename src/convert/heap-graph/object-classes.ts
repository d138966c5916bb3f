/**
 * What objects are called: constructors' names, functions as in CPU profiles, `{id, user}` for the
 * plain objects that several share a shape with, and one name a kind for what belongs to V8. What
 * a program's strings hold is in none of them.
 */
import { cleanText, cutEnd } from '../clean-text.ts'
import { Frames } from '../frame.ts'
import { classifyScript } from '../script-origin.ts'
import type { HeapGraph } from './heap-graph.ts'
import { isIdentifier } from './identifier.ts'
import { ScriptUrls } from './script-urls.ts'

export interface ObjectClass {
  readonly name: string
  /** Of the constructor or function; empty where unknown. */
  readonly file: string
  /** 1-based; 0 where unknown. */
  readonly line: number
  readonly column: number
  /** Whether the name of the property that holds it says more. */
  readonly takesLabel: boolean
}

/** Enough for the longest names that people write; a profile of 10,000 frames stays small. */
const maxNameBytes = 120

/** Fewer objects of one shape may be a dictionary's, whose keys are data. */
const minShapeUsers = 8
const maxShapeFields = 5

/** Different classes, each with a name and a position. What comes later is called by its kind. */
const maxClasses = 500_000

/** Names of V8's kinds that are not called `(kind)`; DevTools' where it has one. */
const kindNames: ReadonlyMap<string, string> = new Map([
  ['hidden', '(system)'],
  ['code', '(compiled code)'],
  ['regexp', 'RegExp'],
  ['concatenated string', '(string)'],
  ['sliced string', '(string)'],
  ['object shape', '(shape)'],
])
const labelledKinds = new Set([
  'string',
  'concatenated string',
  'sliced string',
  'regexp',
  'bigint',
])
const namedKinds = new Set(['object', 'native', 'synthetic', 'closure'])

export class ObjectClasses {
  readonly all: ObjectClass[] = []
  readonly #graph: HeapGraph
  readonly #workingDirectory: string
  readonly #urls: ScriptUrls
  readonly #frames: Frames
  readonly #kinds: readonly number[]
  readonly #closure: number
  readonly #object: number
  /** From name and position. */
  readonly #functions = new Map<number, number>()
  readonly #constructors = new Map<number, number>()
  readonly #records = new Map<string, number>()
  /** By node of a shape: how many objects have it, then the class of those. */
  readonly #shapeUsers: Uint32Array
  readonly #shapeClasses = new Map<number, number>()

  constructor(graph: HeapGraph, workingDirectory: string) {
    this.#graph = graph
    this.#workingDirectory = workingDirectory
    this.#urls = new ScriptUrls(graph)
    this.#frames = new Frames(workingDirectory)
    this.#closure = graph.nodeTypeNames.indexOf('closure')
    this.#object = graph.nodeTypeNames.indexOf('object')
    this.#kinds = graph.nodeTypeNames.map((kind) =>
      this.#add(kindNames.get(kind) ?? `(${kind})`, labelledKinds.has(kind)),
    )
    this.#shapeUsers = new Uint32Array(graph.nodeCount)
    for (let node = 0; node < graph.nodeCount; node++) {
      const shape = this.#isPlain(node) ? this.#shapeOf(node) : 0
      this.#shapeUsers[shape] = (this.#shapeUsers[shape] ?? 0) + 1
    }
  }

  /** The index in `all`. `position` is the node's in `graph.locations.positions`; -1 for none. */
  indexOf(node: number, position: number): number {
    const { nodeTypes, nodeNames, nodeTypeNames, strings } = this.#graph
    const type = nodeTypes[node] ?? 0
    const kind = this.#kinds[type] ?? 0
    if (!namedKinds.has(nodeTypeNames[type] ?? '') || this.all.length >= maxClasses) return kind
    const isFunction = type === this.#closure
    if (!isFunction && this.#isPlain(node)) return this.#record(node, kind)
    const known = isFunction ? this.#functions : this.#constructors
    const name = nodeNames[node] ?? 0
    // Names have 32 bits and positions 20, so this is exact.
    const key = name * 2 ** 21 + position + 1
    const index = known.get(key)
    if (index !== undefined) return index
    const added = isFunction
      ? this.#function(strings.textOf(name), position)
      : this.#constructed(strings.textOf(name), position, kind)
    known.set(key, added)
    return added
  }

  #function(functionName: string, index: number): number {
    const position = this.#graph.locations.positions[index]
    const at = this.#frames.indexOf({
      functionName: functionName || (position ? '' : '(closure)'),
      url: position ? this.#urls.of(position.scriptId) : '',
      lineNumber: position?.line ?? -1,
      columnNumber: position?.column ?? -1,
    })
    const { name, file, line, column } = this.#frames.all[at] ?? unnamed
    return this.#push({
      name: cutEnd(name, 2 * maxNameBytes),
      file,
      line,
      column,
      takesLabel: false,
    })
  }

  #constructed(text: string, index: number, kind: number): number {
    // V8 calls the global object "global / " and the URL of its page, which Node does not have.
    const name = cutEnd(cleanText(text.replace(/ \/ $/, '')), maxNameBytes)
    if (name === '') return kind
    const position = this.#graph.locations.positions[index]
    const takesLabel = !name.startsWith('(')
    if (!position) return this.#add(name, takesLabel)
    const { file } = classifyScript(this.#urls.of(position.scriptId), this.#workingDirectory)
    const { line, column } = position
    return this.#push({
      name,
      file: cleanText(file),
      line: line + 1,
      column: column + 1,
      takesLabel,
    })
  }

  #isPlain(node: number): boolean {
    const { nodeTypes, nodeNames, strings } = this.#graph
    return nodeTypes[node] === this.#object && strings.textOf(nodeNames[node] ?? 0) === 'Object'
  }

  #record(node: number, kind: number): number {
    const shape = this.#shapeOf(node)
    const isShared = shape > 0 && (this.#shapeUsers[shape] ?? 0) >= minShapeUsers
    const key = isShared ? shape : 0
    const known = this.#shapeClasses.get(key)
    if (known !== undefined) return known
    const name = (isShared && this.#fields(node)) || 'Object'
    const index = this.#records.get(name) ?? this.#add(name, true)
    this.#records.set(name, index)
    this.#shapeClasses.set(key, index)
    return index ?? kind
  }

  #shapeOf(node: number): number {
    const { firstEdges, edgeTypes, edgeNames, edgeTargets, edgeTypeNames, strings } = this.#graph
    const internal = edgeTypeNames.indexOf('internal')
    const map = strings.indexOf('map')
    const end = firstEdges[node] ?? 0
    // V8 writes it last.
    for (let edge = (firstEdges[node + 1] ?? 0) - 1; edge >= end; edge--) {
      if (edgeTypes[edge] === internal && edgeNames[edge] === map) return edgeTargets[edge] ?? 0
    }
    return 0
  }

  /** `{id, user, …}`; empty where there is no field with a name. */
  #fields(node: number): string {
    const { firstEdges, edgeTypes, edgeNames, edgeTypeNames, strings } = this.#graph
    const property = edgeTypeNames.indexOf('property')
    const end = firstEdges[node + 1] ?? 0
    const fields = new Set<string>()
    for (let edge = firstEdges[node] ?? 0; edge < end && fields.size <= maxShapeFields; edge++) {
      const name = edgeTypes[edge] === property ? strings.textOf(edgeNames[edge] ?? 0) : ''
      if (isIdentifier(name) && name !== '__proto__') fields.add(name)
    }
    if (fields.size === 0) return ''
    const shown = [...fields].slice(0, maxShapeFields)
    if (fields.size > maxShapeFields) shown.push('…')
    return `{${shown.join(', ')}}`
  }

  #add(name: string, takesLabel: boolean): number {
    return this.#push({ ...unnamed, name, takesLabel })
  }

  #push(one: ObjectClass): number {
    this.all.push(one)
    return this.all.length - 1
  }
}

const unnamed: ObjectClass = { name: '(unnamed)', file: '', line: 0, column: 0, takesLabel: false }
