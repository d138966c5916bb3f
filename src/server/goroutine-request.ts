/** What the two routes of the goroutine snapshot share: its parameters, and how it is taken. */
import type { GoroutineOptions } from '../captures/goroutine.ts'
import { SuspendedConversion } from '../convert/suspended-conversion.ts'
import { CaptureError, InputError } from '../errors.ts'
import {
  type EncodedGoroutines,
  encodeGoroutines,
  type FormatOptions,
  type GoroutineFormat,
  goroutineFormats,
  type Recorded,
} from '../snapshot/goroutine-formats.ts'
import { localFiles, type Sources } from '../snapshot/packages.ts'
import {
  defaultSimilarity,
  isSimilarity,
  type Similarity,
  similarities,
} from '../snapshot/similarity.ts'
import { recordedAsWritten } from '../snapshot/written-code.ts'
import type { Target } from '../targets/target.ts'
import type { ServerContext } from './context.ts'
import { type DeclaredParameters, readDeclared } from './declared-parameters.ts'
import { firstValue, type Query } from './parameters.ts'
import { type ParameterSettings, sourcemapsParameter } from './shared-parameters.ts'
import { targetSources } from './target-sources.ts'

export interface SnapshotWish {
  readonly format: GoroutineFormat
  readonly maxmem: number
  readonly similarity: Similarity
  readonly force: boolean
  /** Whether suspended functions are found by their promises, which stops the target. */
  readonly promises: boolean
  /** Whether the memory is read by a worker thread in the target. */
  readonly worker: boolean
  /** Whether they are found in a heap snapshot, which stops it for longer and tells why they wait. */
  readonly deep: boolean
  /** Whether source maps are applied. */
  readonly sourcemaps: boolean
  /** Whether package.json files of the target are read. */
  readonly augment: boolean
  /** Of a difference; undefined: one snapshot. */
  readonly seconds: number | undefined
}

export interface SnapshotAnswer {
  readonly recorded: Recorded
  readonly encoded: EncodedGoroutines
  /** As it was taken, for all who asked at the same time. */
  readonly taken: object
  /** Who wrote which file; undefined where nobody asked. */
  readonly sources: Sources | undefined
}

/** What a snapshot of a usual target takes at most, for whoever is told to come back. */
const typicalMs = 1000

export function wishDurationMs({ seconds }: SnapshotWish): number {
  return seconds === undefined ? typicalMs : seconds * 1000 + typicalMs
}

/** panicparse's parameters, in its order. */
export function panicparseParameters(settings: ParameterSettings) {
  return {
    maxmem: {
      kind: 'any integer',
      fallback: settings.goroutine.maxHeapBytes,
      description: `Most bytes of the target's heaps that may be read in a pass; less than ${minMaxmem} is raised to it. Default: goroutine.maxHeapBytes of the configuration.`,
    },
    augment: {
      kind: 'flag',
      fallback: true,
      description: '0 reads no package.json of the target: packages have no version and no link.',
    },
    similarity: {
      kind: 'choice',
      choices: similarities,
      fallback: defaultSimilarity,
      description: 'How alike the entries of a bucket are, from strict to loose.',
    },
    sourcemaps: sourcemapsParameter(settings),
  } as const satisfies DeclaredParameters
}

/** With panicparse's sentences; upstream reads them as strconv.Atoi does. */
export function readPanicparseParameters(
  query: Query,
  context: ServerContext,
): Pick<SnapshotWish, 'maxmem' | 'augment' | 'similarity' | 'sourcemaps'> {
  const { sourcemaps, ...declared } = panicparseParameters(context)
  const maxmem = firstValue(query, 'maxmem') ?? String(declared.maxmem.fallback)
  if (!/^[+-]?\d{1,15}$/.test(maxmem)) throw invalid('maxmem')
  const augment = firstValue(query, 'augment') ?? (declared.augment.fallback ? '1' : '0')
  if (augment !== '0' && augment !== '1') throw invalid('augment')
  const similarity = firstValue(query, 'similarity') ?? declared.similarity.fallback
  if (!isSimilarity(similarity)) throw invalid('similarity')
  return {
    maxmem: Math.max(minMaxmem, Number(maxmem)),
    augment: augment === '1',
    similarity,
    ...readDeclared(query, { sourcemaps }),
  }
}

/** That of panicparse: less is raised to it. */
const minMaxmem = 1_048_576

function invalid(name: string): InputError {
  return new InputError('parameter-invalid', `invalid ${name} value`)
}

/** How suspended functions are found, and for which price. */
export const methodParameters = {
  promises: {
    kind: 'flag',
    fallback: false,
    description: '1 finds suspended functions by their promises, which stops the target.',
  },
  worker: {
    kind: 'flag',
    fallback: false,
    description:
      '1 reads the memory by a worker thread that is started in the target. Not with promises or deep.',
  },
  deep: {
    kind: 'flag',
    fallback: false,
    description:
      '1 finds them in a heap snapshot, with what they wait for; that stops the target for longer.',
  },
  force: {
    kind: 'flag',
    fallback: false,
    description: '1 goes on although the pause or the memory that it takes is estimated too large.',
  },
} as const satisfies DeclaredParameters

export function readMethod(
  query: Query,
): Pick<SnapshotWish, 'promises' | 'worker' | 'deep' | 'force'> {
  const method = readDeclared(query, methodParameters)
  const { promises, worker, deep } = method
  if (worker && (promises || deep)) {
    const other = promises ? 'promises' : 'deep'
    throw new InputError('parameter-invalid', `worker and ${other} params are incompatible`)
  }
  return method
}

/** Takes and encodes the snapshot, or two of them. */
export async function takeSnapshot(
  context: ServerContext,
  target: Target,
  wish: SnapshotWish,
  signal: AbortSignal,
  page?: FormatOptions['page'],
): Promise<SnapshotAnswer> {
  const { goroutines, symbols, analyses } = context
  const options = recordOptions(context, wish, signal)
  const record = async (): Promise<Recorded> =>
    wish.seconds === undefined
      ? { recording: await goroutines.record(target, options) }
      : await goroutines.recordTwice(target, wish.seconds * 1000, options)
  const found = await (wish.deep ? analyses.run(record) : record())
  const recorded = await recordedAsWritten(found, targetSources(context, target, wish.sourcemaps))
  const sources = await sourcesOf(context, target, wish, recorded)
  if (signal.aborted) throw new CaptureError('capture-aborted', 'nobody waits for the snapshot')
  const { similarity, format } = wish
  const encoded = await encodeGoroutines(recorded, format, { similarity, sources, page })
  symbols.add(encoded.symbols)
  return { recorded, encoded, taken: found.recording, sources }
}

function recordOptions(
  { goroutine, limits }: ServerContext,
  { maxmem, force, promises, worker, deep }: SnapshotWish,
  signal: AbortSignal,
): GoroutineOptions {
  const maxSnapshotBytes = limits.maxRetainedBytes ?? Number.POSITIVE_INFINITY
  return {
    maxBytes: maxmem,
    maxEntries: goroutine.maxEntries,
    budgetMs: goroutine.budgetMs,
    promises,
    worker,
    ...(deep ? { analyse: () => new SuspendedConversion(maxSnapshotBytes) } : {}),
    force,
    stop: goroutine.stop,
    withQuery: goroutine.keepQuery,
    maxPauseMs: force ? undefined : limits.maxPauseMs,
    signal,
  }
}

/** Of the forms that show who wrote a frame. */
async function sourcesOf(
  { targets }: ServerContext,
  target: Target,
  { augment, format }: SnapshotWish,
  { recording, before }: Recorded,
): Promise<Sources | undefined> {
  const showsPackages = format === 'html' || format === 'json' || format === 'markdown'
  if (!augment || !showsPackages) return undefined
  const files = [recording, before].flatMap((each) => (each ? [...localFiles(each)] : []))
  return targets.packages(target, files)
}

/** For the log. */
export function snapshotCost({ recorded, encoded }: SnapshotAnswer) {
  const { recording } = recorded
  return {
    targetCostMs: recording.targetCostMs,
    pauseMs: recording.targetCostMs,
    census: recording.census,
    entries: recording.entries.length,
    sizeBytes: Buffer.byteLength(encoded.bytes),
  }
}

export function snapshotHeaders(
  { recorded }: SnapshotAnswer,
  { format }: SnapshotWish,
): Readonly<Record<string, string | number>> {
  const { target, targetCostMs } = recorded.recording
  return {
    'Content-Type': goroutineFormats[format].contentType,
    'X-Pprofd-Pid': target.pid,
    'X-Pprofd-Cost-Ms': targetCostMs.toFixed(1),
  }
}
