/** One script: finds its map, reads it once for all questions, and remembers what it said. */
import { closeSync } from 'node:fs'
import {
  type AnswerKey,
  answerKeys,
  askedNames,
  byPosition,
  FoundNames,
  isTopLevel,
  newQuestions,
} from './asked-positions.ts'
import type { ByteCache } from './byte-cache.ts'
import { answerFromMap, hasNames, type MapAnswer } from './map-answers.ts'
import { MapProblem } from './map-problem.ts'
import { findMapReference, type MapReference, readInlineMap } from './map-reference.ts'
import type { ScriptQuestions } from './questions.ts'
import { type OpenFile, type RootedFiles, readWhole } from './rooted-files.ts'

/** Of a map, and of a script that holds its map. The largest that were seen in the wild have some tens of MB. */
export const maxMapBytes = 64 * 1024 * 1024

export type ScriptSources =
  | { readonly kind: 'mapped'; readonly answers: readonly (MapAnswer | undefined)[] }
  /** It names no map and has none beside it, or there is no such file. */
  | { readonly kind: 'plain' }
  /** It names a map that is not there. */
  | { readonly kind: 'missing'; readonly map: string }
  | { readonly kind: 'broken'; readonly problem: string }

/** What is known of a script for as long as neither it nor its map changes. */
export interface KnownScript {
  readonly reference: MapReference
  readonly mapIdentity: string
  /** Undefined: asked, and the map does not know. */
  readonly answers: Answers
  /** Why the map is of no use. */
  readonly problem: string | undefined
}

type Answers = ReadonlyMap<AnswerKey, MapAnswer | undefined>

export type ScriptCache = ByteCache<KnownScript>

/** Whatever is wrong with the script or its map is in the answer. */
export function scriptSources(
  files: RootedFiles,
  path: string,
  questions: ScriptQuestions,
  cache: ScriptCache,
  deadlineMs: number,
): ScriptSources {
  let script: OpenFile | undefined
  let map: FoundMap | undefined
  try {
    script = files.open(path)
    if (script === undefined) return { kind: 'plain' }
    const key = `${files.rootIdentity}:${path}`
    const known = cache.get(key, script.identity)
    const reference = known?.reference ?? findMapReference(script, path)
    map = openMap(files, reference, path)
    const mapIdentity = map?.identity ?? ''
    const isSame = known?.mapIdentity === mapIdentity
    if (isSame && known.problem !== undefined) return { kind: 'broken', problem: known.problem }
    const answers = new Map(isSame ? known.answers : [])
    const problem = map && answerNew(script, map, questions, answers, deadlineMs)
    // Being late is no property of the map.
    if (problem === undefined || Date.now() <= deadlineMs) {
      const value = { reference, mapIdentity, answers, problem }
      cache.set(key, script.identity, value, sizeOf(key, answers))
    }
    if (problem !== undefined) return { kind: 'broken', problem }
    if (map) {
      const inOrder = answerKeys(questions).map((one) => answers.get(one))
      return { kind: 'mapped', answers: inOrder }
    }
    return missing(reference)
  } catch (error) {
    if (error instanceof MapProblem) return { kind: 'broken', problem: error.message }
    throw error
  } finally {
    if (script) closeSync(script.fd)
    if (map?.file) closeSync(map.file.fd)
  }
}

interface FoundMap {
  /** Of the map's file, or of the script that holds it. */
  readonly path: string
  /** Undefined for a map that the script holds. */
  readonly file: OpenFile | undefined
  readonly identity: string
}

/** The map that the script names, else one beside it. */
function openMap(
  files: RootedFiles,
  reference: MapReference,
  script: string,
): FoundMap | undefined {
  if (reference.kind === 'inline') return { path: script, file: undefined, identity: 'inline' }
  const beside = `${script}.map`
  const paths = reference.kind === 'file' ? [reference.path, beside] : [beside]
  for (const path of paths) {
    const file = files.open(path)
    if (file) return { path, file, identity: `${path}:${file.identity}` }
  }
  return undefined
}

function missing(reference: MapReference): ScriptSources {
  if (reference.kind === 'file') return { kind: 'missing', map: reference.path }
  if (reference.kind === 'elsewhere') return { kind: 'missing', map: reference.url }
  return { kind: 'plain' }
}

/** Adds to `answers` what is not in it yet; returns what is wrong with the map. */
function answerNew(
  script: OpenFile,
  map: FoundMap,
  questions: ScriptQuestions,
  answers: Map<AnswerKey, MapAnswer | undefined>,
  deadlineMs: number,
): string | undefined {
  const asked = newQuestions(questions, answers)
  if (asked.length === 0) return undefined
  try {
    if (Date.now() > deadlineMs) throw new MapProblem('there was no time left to read it')
    const json = map.file ? readWhole(map.file, maxMapBytes) : readInlineMap(script, maxMapBytes)
    const identifiers = hasNames(json, deadlineMs) ? askedNames(script.fd, asked, deadlineMs) : []
    const all = [...asked, ...identifiers].sort(byPosition)
    const { answers: found, sourceCount } = answerFromMap(
      json,
      all.map(({ line }) => line),
      all.map(({ column }) => column),
      { mapPath: map.path, deadlineMs },
    )
    const names = new FoundNames()
    for (const [index, { names: identifier }] of all.entries()) {
      const name = found[index]?.name
      if (identifier && name !== undefined) names.add(identifier, name)
    }
    for (const [index, question] of all.entries()) {
      if (question.names) continue
      const answer = found[index]
      // The top level of a bundle is that of no single source.
      const isBundle = isTopLevel(question) && sourceCount > 1
      const written = answer && !isBundle ? { ...answer, name: names.of(question) } : undefined
      answers.set(question.key, written)
    }
    return undefined
  } catch (error) {
    if (error instanceof MapProblem) return error.message
    throw error
  }
}

/** An estimate: an entry of a Map with its object has about 130 bytes; paths are mostly shared. */
function sizeOf(key: string, answers: Answers): number {
  let bytes = 2 * key.length + 500 + answers.size * 130
  const sources = new Set<string>()
  for (const answer of answers.values()) {
    if (answer === undefined) continue
    sources.add(answer.source)
    bytes += 2 * (answer.name?.length ?? 0)
  }
  for (const source of sources) bytes += 2 * source.length
  return bytes
}
