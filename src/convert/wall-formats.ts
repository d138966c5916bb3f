/** The formats of a wall profile: where threads spent their time, waiting included, as fgprof has it. */
import { gzipProfile } from '../pprof/gzip-profile.ts'
import { cpuCollapsed } from './cpu-collapsed.ts'
import { type CpuFormat, cpuFormats, type EncodedProfile } from './cpu-formats.ts'
import { cpuPprof } from './cpu-pprof.ts'
import type { CpuRecording } from './cpu-recording.ts'
import { cpuStacks, cpuStacksWithSources } from './cpu-stacks.ts'
import type { FindSources } from './source-lookup.ts'

export type WallFormat = Extract<CpuFormat, 'pprof' | 'collapsed'>

/** fgprof's two. */
export const wallFormats: readonly WallFormat[] = ['pprof', 'collapsed']

/** fgprof's reason: at 100 Hz samples would fall into step with timers of 10 ms and their multiples. */
export const wallHz = 99

/** As `encodeCpuProfile`. */
export async function encodeWallProfile(
  recording: CpuRecording,
  format: WallFormat,
  findSources?: FindSources,
): Promise<EncodedProfile> {
  const stacks = findSources
    ? await cpuStacksWithSources(recording, findSources)
    : cpuStacks(recording)
  const { contentType, extension } = cpuFormats[format]
  if (format === 'collapsed') {
    return { bytes: cpuCollapsed(stacks, 'wall'), contentType, extension, symbols: [] }
  }
  const { bytes, symbols } = cpuPprof(stacks, 'wall')
  return { bytes: await gzipProfile(bytes), contentType, extension, symbols }
}
