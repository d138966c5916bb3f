/**
 * The layout of the V8 in a process's executable: its published constants, and the rest learnt from a
 * child of the same executable that runs a known program. Whatever does not come out exactly as known is
 * refused: a wrong layout would give wrong stacks.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { CaptureError, TargetError } from '../errors.ts'
import { readExecutable } from '../proc/executable.ts'
import { type BuildConstants, readBuildConstants, readBuildId } from './build-constants.ts'
import { startCalibrationChild } from './calibration-child.ts'
import {
  calibrationProgram,
  calibrationStart,
  expectedStacks,
  expectedWorkerStacks,
} from './calibration-program.ts'
import { type Constants, constantsOf, type Layout } from './layout.ts'
import { learnLayout } from './learn-layout.ts'
import { type Libnode, libnodeOf, openLibnode } from './libnode.ts'
import { anonymousMappings, presentSpans } from './memory-map.ts'
import { memoryFile } from './memory-source.ts'
import { ProcessMemory } from './process-memory.ts'
import { type RawCensus, takeRawCensus } from './raw-census.ts'

/** Layouts by file, for as long as whoever holds the map lives. */
export type KnownLayouts = Map<string, Layout>

/** Objects are found while the child still collects garbage: once more then helps. */
const attempts = 3

/** @throws {CaptureError} census-refused; {TargetError} target-vanished. */
export async function calibrate(
  pid: number,
  procRoot: string,
  known: KnownLayouts,
): Promise<Layout> {
  const executable = await readExecutable(pid, procRoot)
  if (executable === undefined) throw new TargetError('target-vanished', `process ${pid} has ended`)
  if (executable.runtime !== 'node') {
    throw refused(`${executable.path || `the executable of process ${pid}`} is no plain Node`)
  }
  const file = await open(`${procRoot}/${pid}/exe`, 'r').catch((cause) => {
    throw refused(`the executable of process ${pid} cannot be read`, cause)
  })
  try {
    const library = await libnodeOf(pid, procRoot)
    // By file, not by build id alone: anybody can write a build id into a file.
    const key = `${await fileKey(file)} ${library?.path} ${library?.inode}`
    const layout = known.get(key)
    if (layout !== undefined) return layout
    const build = await buildOf(file, pid, procRoot, library)
    const constants = constantsOf(build)
    if ('missing' in constants) throw refused(`${executable.path}: ${constants.missing}`)
    const learnt = await learnFrom(pid, procRoot, file.fd, build, constants, library)
    if ('missing' in learnt) {
      throw refused(`the layout of ${executable.path} is not known: ${learnt.missing}`)
    }
    known.set(key, learnt)
    return learnt
  } finally {
    await file.close()
  }
}

async function fileKey(file: FileHandle): Promise<string> {
  const { dev, ino, size, mtimeMs } = await file.stat()
  return `${dev}:${ino}:${size}:${mtimeMs}`
}

/** The constants of the V8 that runs, with the build id of the executable. */
async function buildOf(
  executable: FileHandle,
  pid: number,
  procRoot: string,
  library: Libnode | undefined,
): Promise<BuildConstants> {
  if (library === undefined) return readBuildConstants(executable)
  const file = await openLibnode(library, pid, procRoot)
  if (file === undefined)
    throw refused(`${library.path} was replaced since process ${pid} loaded it`)
  try {
    const { values } = await readBuildConstants(file)
    return { values, buildId: await readBuildId(executable) }
  } finally {
    await file.close()
  }
}

async function learnFrom(
  pid: number,
  procRoot: string,
  fd: number,
  build: BuildConstants,
  constants: Constants,
  library: Libnode | undefined,
): Promise<Layout | { readonly missing: string }> {
  const child = await startCalibrationChild(pid, procRoot, fd, build.buildId)
  try {
    const loaded = await libnodeOf(child.pid)
    if (loaded?.inode !== library?.inode) return { missing: 'its child has loaded another libnode' }
    let result: Layout | { readonly missing: string } = { missing: 'its child ended' }
    for (let attempt = 0; attempt < attempts; attempt++) {
      result = await learnOnce(child.pid, build.buildId, constants)
      if (!('missing' in result)) return result
    }
    return result
  } finally {
    child.kill()
  }
}

async function learnOnce(
  pid: number,
  buildId: string,
  constants: Constants,
): Promise<Layout | { readonly missing: string }> {
  const mappings = await anonymousMappings(pid)
  if (mappings === undefined) return { missing: 'its child ended' }
  const spans = presentSpans(mappings, `/proc/${pid}/pagemap`)
  const memory = new ProcessMemory(memoryFile(pid))
  try {
    const layout = learnLayout(memory, spans, constants, buildId)
    if ('missing' in layout) return layout
    memory.forget()
    const missing = differenceOf(takeRawCensus(memory, spans, layout))
    return missing === undefined ? layout : { missing }
  } finally {
    memory.close()
  }
}

/** In words; undefined where the census is exactly what it must be. */
function differenceOf(census: RawCensus): string | undefined {
  const counts = new Map<number, Map<string, number>>()
  for (const { node, count, isolate } of census.stacks.leaves) {
    const text = stackText(census, node)
    // Node's own suspended functions are none of the program's.
    if (!text.startsWith('pprofd')) continue
    const ofIsolate = counts.get(isolate) ?? new Map<string, number>()
    counts.set(isolate, ofIsolate.set(text, (ofIsolate.get(text) ?? 0) + count))
  }
  const found = [...counts.values()].sort((a, b) => b.size - a.size)
  const [main, worker] = found
  if (found.length !== 2) return `a known program has 2 isolates, ${found.length} were found`
  for (const [expected, actual] of [
    [expectedStacks, main],
    [expectedWorkerStacks, worker],
  ] as const) {
    for (const [stack, count] of expected) {
      if (actual?.get(stack) !== count) {
        return `${stack} was found ${actual?.get(stack) ?? 0} times instead of ${count}`
      }
    }
    const extra = [...(actual?.keys() ?? [])].find((stack) => !expected.has(stack))
    if (extra !== undefined) return `${extra} was found, which there is not`
  }
  return wrongStart(census)
}

/** The function's place is right where it is that of its name in the program. */
function wrongStart({ functions }: RawCensus): string | undefined {
  const main = functions.filter(
    ({ name, sourceLength }) =>
      name.startsWith('pprofd') && sourceLength === calibrationProgram.length,
  )
  if (main.length === 0) return 'the source of a known program was not found'
  const wrong = main.find(({ name, start }) => start !== calibrationStart(name))
  return wrong && `${wrong.name} was found at character ${wrong.start}`
}

function stackText({ stacks, functions }: RawCensus, leaf: number): string {
  const frames: string[] = []
  for (let node = stacks.nodes[leaf]; node !== undefined && node !== stacks.nodes[0]; ) {
    const isCombinator = node.function < 0
    if (isCombinator) frames.push(`${node.combinator}:${node.lowestIndex}`)
    else frames.push(`${functions[node.function]?.name}@${node.point}`)
    node = stacks.nodes[node.parent]
  }
  return frames.join(' ')
}

function refused(why: string, cause?: unknown): CaptureError {
  const message = `no census of suspended functions: ${why}`
  return new CaptureError('census-refused', message, cause === undefined ? {} : { cause })
}
