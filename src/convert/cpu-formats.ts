/** The formats of a CPU profile: the one table of their names, extensions and content types. */
import { InputError } from '../errors.ts'
import { gzipProfile } from '../pprof/gzip-profile.ts'
import { cpuCollapsed } from './cpu-collapsed.ts'
import { cpuMarkdown } from './cpu-markdown.ts'
import { cpuPprof } from './cpu-pprof.ts'
import type { CpuRecording } from './cpu-recording.ts'
import { cpuSpeedscope } from './cpu-speedscope.ts'
import { type CpuStacks, cpuStacks, cpuStacksWithSources } from './cpu-stacks.ts'
import type { FindSources } from './source-lookup.ts'
import { threadProfileText } from './thread-profile.ts'

export type CpuFormat = 'pprof' | 'cpuprofile' | 'speedscope' | 'collapsed' | 'markdown'

export interface Format {
  /** With the dot. */
  readonly extension: string
  /** Other endings of file names that mean this format. */
  readonly otherExtensions: readonly string[]
  readonly contentType: string
  /** True: not for a terminal. */
  readonly binary: boolean
}

export const cpuFormats: Readonly<Record<CpuFormat, Format>> = {
  pprof: {
    extension: '.pb.gz',
    otherExtensions: ['.pprof', '.pb'],
    contentType: 'application/octet-stream',
    binary: true,
  },
  cpuprofile: {
    extension: '.cpuprofile',
    otherExtensions: [],
    contentType: 'application/json; charset=utf-8',
    binary: false,
  },
  speedscope: {
    extension: '.speedscope.json',
    otherExtensions: [],
    contentType: 'application/json; charset=utf-8',
    binary: false,
  },
  collapsed: {
    extension: '.collapsed',
    otherExtensions: ['.folded', '.txt'],
    contentType: 'text/plain; charset=utf-8',
    binary: false,
  },
  markdown: {
    extension: '.md',
    otherExtensions: [],
    contentType: 'text/markdown; charset=utf-8',
    binary: false,
  },
}

export interface EncodedProfile {
  /** Gzipped for pprof, also where the file is called `.pb`: every reader takes both. */
  readonly bytes: Uint8Array
  readonly contentType: string
  readonly extension: string
  /** Every address with its function's name, for pprof's symbol request; empty for other formats. */
  readonly symbols: readonly (readonly [address: number, name: string])[]
}

/**
 * `findSources` maps what ran to what was written; without it everything is as V8 says, as it always is
 * in the format cpuprofile. Throws CaptureError `recording-invalid` where the target sent no usable profile.
 */
export async function encodeCpuProfile(
  recording: CpuRecording,
  format: CpuFormat,
  findSources?: FindSources,
): Promise<EncodedProfile> {
  const { contentType, extension } = cpuFormats[format]
  if (format === 'cpuprofile') {
    return { bytes: cpuProfileBytes(recording), contentType, extension, symbols: [] }
  }
  const stacks = findSources
    ? await cpuStacksWithSources(recording, findSources)
    : cpuStacks(recording)
  if (format === 'pprof') {
    const { bytes, symbols } = cpuPprof(stacks)
    return { bytes: await gzipProfile(bytes), contentType, extension, symbols }
  }
  return { bytes: encodeText[format](stacks), contentType, extension, symbols: [] }
}

/** The format that a file's name asks for; undefined where its extension is none of ours. */
export function formatOfFile(name: string): CpuFormat | undefined {
  const lower = name.toLowerCase()
  return formatNames.find((format) => {
    const { extension, otherExtensions } = cpuFormats[format]
    return [extension, ...otherExtensions].some((ending) => lower.endsWith(ending))
  })
}

const formatNames: readonly CpuFormat[] = [
  'pprof',
  'cpuprofile',
  'speedscope',
  'collapsed',
  'markdown',
]

const encodeText: Readonly<
  Record<Exclude<CpuFormat, 'pprof' | 'cpuprofile'>, (stacks: CpuStacks) => Uint8Array>
> = {
  speedscope: cpuSpeedscope,
  collapsed: cpuCollapsed,
  markdown: cpuMarkdown,
}

/** V8's own bytes. The format has one thread, and leaving the others out would hide them. */
function cpuProfileBytes({ threads }: CpuRecording): Uint8Array {
  const [thread, ...others] = threads
  if (thread && others.length === 0) return threadProfileText(thread)
  throw treeHasManyThreads()
}

/** Known before a recording: what is asked for does not fit into the format. */
export function treeHasManyThreads(): InputError {
  const message =
    'the format cpuprofile holds one thread, and tree records many: use pprof, speedscope, collapsed or markdown'
  return new InputError('parameter-invalid', message)
}
