/** CPU and wall profiles for the page: stacks are made once, files when somebody wants one. */
import type { CpuRecording } from '../../captures/cpu-recording.ts'
import { cpuFormats, encodeCpuStacks } from '../../convert/cpu-formats.ts'
import { type CpuStacks, cpuStacks, cpuStacksWithSources } from '../../convert/cpu-stacks.ts'
import { threadProfileBytes, threadProfileText } from '../../convert/thread-profile.ts'
import { encodeWallStacks, wallFormats, wallHz } from '../../convert/wall-formats.ts'
import type { Target } from '../../targets/target.ts'
import type { ServerContext } from '../context.ts'
import { recordShared } from '../record-shared.ts'
import { targetSources } from '../target-sources.ts'
import { checkAwaited, type Record, type Recorded, type ResultFile, type Wish } from './recorded.ts'

export const recordCpuForPage: Record = async (context, target, wish, signal) => {
  const { recording, stacks } = await record('profile', context, target, wish, signal)
  return { ...summary(recording), files: cpuFiles(recording, stacks) }
}

export const recordWallForPage: Record = async (context, target, wish, signal) => {
  const { recording, stacks } = await record('wall', context, target, wish, signal)
  const files = wallFormats.map((format) => {
    const { extension, contentType } = cpuFormats[format]
    const encode = async () => (await encodeWallStacks(stacks, format)).bytes
    return { name: `wall-${recording.target.pid}${extension}`, label: format, contentType, encode }
  })
  return { ...summary(recording), files }
}

async function record(
  kind: 'profile' | 'wall',
  context: ServerContext,
  target: Target,
  { seconds, force }: Wish,
  signal: AbortSignal,
): Promise<{ readonly recording: CpuRecording; readonly stacks: CpuStacks }> {
  const { limits, profile, sources } = context
  const recording = await recordShared(context, target, {
    kind,
    durationMs: seconds * 1000,
    hz: kind === 'wall' ? wallHz : profile.hz,
    mainThreadOnly: false,
    maxPauseMs: force ? undefined : limits.maxPauseMs,
    signal,
  })
  checkAwaited(signal)
  // Now, while the target still has its source maps.
  const findSources = targetSources(context, recording.target, sources.sourceMaps)
  const stacks = findSources
    ? await cpuStacksWithSources(recording, findSources)
    : cpuStacks(recording)
  return { recording, stacks }
}

function cpuFiles(recording: CpuRecording, stacks: CpuStacks): readonly ResultFile[] {
  const base = `cpu-${recording.target.pid}`
  const formats = ['speedscope', 'pprof', 'collapsed', 'markdown'] as const
  const files = formats.map((format) => {
    const { extension, contentType } = cpuFormats[format]
    const encode = async () => (await encodeCpuStacks(stacks, format)).bytes
    return { name: `${base}${extension}`, label: format, contentType, encode }
  })
  const [main, ...others] = recording.threads
  if (main === undefined) return files
  const { extension, contentType } = cpuFormats.cpuprofile
  const label = others.length === 0 ? 'cpuprofile' : 'cpuprofile (main thread only)'
  const encode = () => threadProfileText(main)
  return [...files, { name: `${base}${extension}`, label, contentType, encode }]
}

/** Beside V8's text there are its columns and the stacks: together less than twice as much. */
const stacksPerJson = 3

function summary(recording: CpuRecording): Omit<Recorded, 'files'> {
  const { threads, attachMs, startPauseMs, stopPauseMs, openedInspector, missing } = recording
  const pauseMs = Math.max(startPauseMs, stopPauseMs)
  const jsonBytes = threads.reduce((sum, thread) => sum + threadProfileBytes(thread), 0)
  return {
    cost: { attachMs, startPauseMs, stopPauseMs, pauseMs, openedInspector },
    nodeVersion: recording.target.nodeVersion,
    sizeBytes: jsonBytes * stacksPerJson,
    missing,
  }
}
