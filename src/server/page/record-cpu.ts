/** CPU and wall profiles for the page: one file is made at once, the others when somebody wants them. */
import type { CpuRecording } from '../../captures/cpu-recording.ts'
import { type CpuFormat, cpuFormats } from '../../convert/cpu-formats.ts'
import { wallFormats, wallHz } from '../../convert/wall-formats.ts'
import type { Target } from '../../targets/target.ts'
import type { ServerContext } from '../context.ts'
import { type CpuJob, jobBytes } from '../conversion/conversion-job.ts'
import { recordShared } from '../record-shared.ts'
import { askOnce, targetAnswers } from '../target-sources.ts'
import { checkAwaited, type Record, type Recorded, ready, type Wish } from './recorded.ts'

/** The first one is drawn. */
const formats: readonly CpuFormat[] = ['speedscope', 'pprof', 'collapsed', 'markdown', 'cpuprofile']

export const recordCpuForPage: Record = async (context, target, wish, signal) => {
  const recording = await record('profile', context, target, wish, signal)
  const files = (wish.pprofOnly ? pprofOnly : formats).map((format): DraftFile => {
    const [main, ...others] = recording.threads
    const isAll = format !== 'cpuprofile' || main === undefined || others.length === 0
    if (isAll) return { label: format, job: { kind: 'profile', format, recording } }
    const job = { kind: 'profile', format, recording: { ...recording, threads: [main] } } as const
    return { label: `${format} (main thread only)`, job }
  })
  return { ...summary(recording), ...(await made(context, 'cpu', files)) }
}

export const recordWallForPage: Record = async (context, target, wish, signal) => {
  const recording = await record('wall', context, target, wish, signal)
  const files = (wish.pprofOnly ? pprofOnly : wallFormats).map((format): DraftFile => {
    return { label: format, job: { kind: 'wall', format, recording } }
  })
  return { ...summary(recording), ...(await made(context, 'wall', files)) }
}

const pprofOnly = ['pprof'] as const

interface DraftFile {
  readonly label: string
  readonly job: Extract<CpuJob, { readonly kind: 'profile' | 'wall' }>
}

async function record(
  kind: 'profile' | 'wall',
  context: ServerContext,
  target: Target,
  { seconds, force }: Wish,
  signal: AbortSignal,
): Promise<CpuRecording> {
  const { limits, profile, conversions } = context
  const hz = kind === 'wall' ? wallHz : profile.hz
  conversions.prepare(seconds * hz)
  const recording = await recordShared(context, target, {
    kind,
    durationMs: seconds * 1000,
    hz,
    mainThreadOnly: false,
    maxPauseMs: force ? undefined : limits.maxPauseMs,
    signal,
  })
  checkAwaited(signal)
  return recording
}

/** The first file at once, which asks for the source maps while the target has them. */
async function made(
  context: ServerContext,
  name: string,
  drafts: readonly DraftFile[],
): Promise<Pick<Recorded, 'files' | 'sizeBytes'>> {
  const [first] = drafts
  if (first === undefined) return { files: [], sizeBytes: 0 }
  const { conversions, sources } = context
  const { recording } = first.job
  const ask = askOnce(targetAnswers(context, recording.target, sources.sourceMaps))
  const encode = async ({ job }: DraftFile) => (await conversions.run(job, ask)).bytes
  const bytes = await encode(first)
  const files = drafts.map((draft) => {
    const { extension, contentType } = cpuFormats[draft.job.format]
    return {
      name: `${name}-${recording.target.pid}${extension}`,
      label: draft.label,
      contentType,
      encode: draft === first ? ready(bytes) : () => encode(draft),
    }
  })
  return { files, sizeBytes: jobBytes(first.job) + bytes.byteLength }
}

function summary(recording: CpuRecording): Omit<Recorded, 'files' | 'sizeBytes'> {
  const { attachMs, startPauseMs, stopPauseMs, openedInspector, missing } = recording
  const pauseMs = Math.max(startPauseMs, stopPauseMs)
  return {
    cost: { attachMs, startPauseMs, stopPauseMs, pauseMs, openedInspector },
    nodeVersion: recording.target.nodeVersion,
    missing,
  }
}
