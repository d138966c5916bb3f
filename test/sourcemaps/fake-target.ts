// A process whose files are a test's folder, as SourceMaps and findSources see one.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { findSources, newCaches, type SourceCaches } from '../../src/sourcemaps/find-sources.ts'
import type { ScriptQuestions, SourceLookup } from '../../src/sourcemaps/questions.ts'
import { scriptsWithFiles, sourceLookup } from '../../src/sourcemaps/source-lookup.ts'

export const fakePid = 7

export interface FakeTarget {
  /** For SourceMaps. */
  readonly procRoot: string
  /** The folder that is `/` to the target. */
  readonly root: string
  /** Outside of its root. */
  readonly outside: string
}

/** `files` are below the root; `uid` is who the process is. */
export function fakeTarget(t: Test, files: Parameters<Test['testdir']>[0], uid = 0): FakeTarget {
  const outside = t.testdir({ [fakePid]: { root: files ?? {} } })
  const root = join(outside, String(fakePid), 'root')
  const ids = [uid, uid, uid, uid].join('\t')
  const status = `Name:\tnode\nUid:\t${ids}\nGid:\t${ids}\nGroups:\t${uid} \n`
  writeFileSync(join(outside, String(fakePid), 'status'), status)
  return { procRoot: outside, root, outside }
}

/** In this thread, where coverage sees it. */
export function lookUp(
  { procRoot }: FakeTarget,
  scripts: readonly ScriptQuestions[],
  { caches = newCaches(1e6), deadlineMs = Date.now() + 60_000 }: Partial<LookUpOptions> = {},
): SourceLookup {
  const folder = join(procRoot, String(fakePid))
  const answer = findSources(
    {
      id: 1,
      root: join(folder, 'root'),
      statusFile: join(folder, 'status'),
      workingDirectory: '/srv',
      scripts: scriptsWithFiles(scripts),
      deadlineMs,
    },
    caches,
  )
  return sourceLookup(scripts, { answer })
}

interface LookUpOptions {
  readonly caches: SourceCaches
  readonly deadlineMs: number
}

/** One function's start. */
export function ask(url: string, line = 0, column = 0, functionName = 'f'): ScriptQuestions {
  return { url, lines: [line], columns: [column], functionNames: [functionName] }
}

/** A map with one segment: 0:0 is 2:4 of `source`. */
export function smallMap(source: string, more: object = {}): string {
  return JSON.stringify({ version: 3, sources: [source], names: [], mappings: 'AAEI', ...more })
}
