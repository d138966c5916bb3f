/** Answers one request: every script of a recording, the packages of its files, and what to say of its maps. */

import { closeSync } from 'node:fs'
import { posix } from 'node:path'
import { ByteCache } from './byte-cache.ts'
import type { MapAnswer } from './map-answers.ts'
import { MapNotes } from './map-notes.ts'
import { MapProblem } from './map-problem.ts'
import { Packages } from './packages.ts'
import type { LookupAnswer, LookupRequest, ScriptAnswers, SourcePackage } from './questions.ts'
import { bundlerPath } from './resolve-source.ts'
import { RootedFiles } from './rooted-files.ts'
import { scriptPath } from './script-path.ts'
import { type ScriptCache, scriptSources } from './script-sources.ts'

/** What one thread remembers for all targets. */
export interface SourceCaches {
  readonly scripts: ScriptCache
  readonly packages: ByteCache<SourcePackage | undefined>
}

/** Most goes to the positions of scripts: 8 MB hold some 60,000 of them. */
export function newCaches(maxBytes: number): SourceCaches {
  return {
    scripts: new ByteCache(Math.floor(maxBytes * 0.8)),
    packages: new ByteCache(Math.floor(maxBytes * 0.2)),
  }
}

export function findSources(request: LookupRequest, caches: SourceCaches): LookupAnswer {
  const notes = new MapNotes()
  const scripts: ScriptAnswers[] = []
  const folders = new Map<string, SourcePackage>()
  let files: RootedFiles
  try {
    files = new RootedFiles(request.root, request.statusFile)
  } catch (cause) {
    const reason = String((cause as NodeJS.ErrnoException).code ?? cause)
    const note = `source maps: not looked for, because the target's files cannot be read (${reason})`
    return { id: request.id, scripts, packages: [], folders: [], notes: [note] }
  }
  const packages = new Packages(files, caches.packages)
  const addPackage = (path: string) => {
    const folder = posix.dirname(path)
    if (folders.has(folder) || Date.now() > request.deadlineMs) return
    const found = packages.of(path)
    if (found) folders.set(folder, found)
  }
  try {
    for (const [index, script] of request.scripts.entries()) {
      const path = scriptPath(script.url)
      if (path === undefined) continue
      const found = scriptSources(files, path, script, caches.scripts, request.deadlineMs)
      notes.add(path, found)
      addPackage(path)
      if (found.kind !== 'mapped') continue
      const answers = packAnswers(index, found.answers, (source) =>
        projectFile(files, source, path, request.workingDirectory, packages),
      )
      for (const source of answers.sources) if (source.startsWith('/')) addPackage(source)
      scripts.push(answers)
    }
  } finally {
    files.close()
  }
  return { id: request.id, scripts, ...packFolders(folders), notes: notes.lines() }
}

/**
 * Bundlers' URLs are paths below the folder that they ran in, which the map does not tell: it is taken
 * to be the nearest above the script, up to its package, that has such a file.
 */
function projectFile(
  files: RootedFiles,
  source: string,
  script: string,
  workingDirectory: string,
  packages: Packages,
): string {
  const relative = bundlerPath(source)
  if (relative === undefined) return source
  const top = packages.of(script)?.folder ?? posix.dirname(script)
  const folders = [...foldersBetween(posix.dirname(script), top), workingDirectory]
  const folder = folders.find((one) => one && isFile(files, posix.join(one, relative)))
  return folder === undefined ? source : posix.join(folder, relative)
}

function foldersBetween(bottom: string, top: string): readonly string[] {
  const folders = [bottom]
  for (let at = bottom; at !== top && at !== '/'; ) {
    at = posix.dirname(at)
    folders.push(at)
  }
  return folders
}

function isFile(files: RootedFiles, path: string): boolean {
  try {
    const file = files.open(path)
    if (file) closeSync(file.fd)
    return file !== undefined
  } catch (error) {
    if (error instanceof MapProblem) return false
    throw error
  }
}

function packAnswers(
  index: number,
  answers: readonly (MapAnswer | undefined)[],
  rename: (source: string) => string,
): ScriptAnswers {
  const sources = new Map<string, number>()
  const names = new Map<string, number>()
  const positions = new Int32Array(answers.length * 4).fill(-1)
  for (const [at, answer] of answers.entries()) {
    if (answer === undefined) continue
    positions[at * 4] = numberOf(sources, answer.source)
    positions[at * 4 + 1] = answer.line
    positions[at * 4 + 2] = answer.column
    if (answer.name !== undefined) positions[at * 4 + 3] = numberOf(names, answer.name)
  }
  return { index, positions, sources: Array.from(sources.keys(), rename), names: [...names.keys()] }
}

function packFolders(
  folders: ReadonlyMap<string, SourcePackage>,
): Pick<LookupAnswer, 'packages' | 'folders'> {
  const packages = new Map<SourcePackage, number>()
  for (const found of folders.values()) numberOf(packages, found)
  return {
    packages: [...packages.keys()],
    folders: Array.from(folders, ([folder, found]) => [folder, packages.get(found) ?? 0] as const),
  }
}

function numberOf<Key>(numbers: Map<Key, number>, key: Key): number {
  const known = numbers.get(key)
  if (known !== undefined) return known
  numbers.set(key, numbers.size)
  return numbers.size - 1
}
