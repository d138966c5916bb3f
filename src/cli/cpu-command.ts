/** What `pprofd profile` and `pprofd wall` share: flags, the recording, the file and the last words. */
import { recordCpu } from '../captures/cpu.ts'
import type { CpuRecording } from '../captures/cpu-recording.ts'
import { recordCpuTree } from '../captures/cpu-tree.ts'
import {
  type CpuFormat,
  cpuFormats,
  type EncodedProfile,
  formatOfFile,
  treeHasManyThreads,
} from '../convert/cpu-formats.ts'
import type { FindSources } from '../convert/source-lookup.ts'
import { InputError } from '../errors.ts'
import type { CommonFlags } from './command.ts'
import type { DirectTargets } from './direct-targets.ts'
import { numberFlag } from './number-flag.ts'
import { openCapture, openFlag } from './open/open-capture.ts'
import { checkOutput, fileNamePart, writeOutput } from './output-file.ts'
import { namingText, whileWorking } from './progress.ts'
import { captureFlags, refuseTerminal, runCapture } from './run-capture.ts'
import { sourceMapsFlag, withSources } from './target-sources.ts'

export interface CpuFlags extends CommonFlags {
  readonly target: string
  readonly seconds?: string | undefined
  readonly hz?: string | undefined
  readonly output?: string | undefined
  readonly format?: string | undefined
  readonly tree?: boolean | undefined
  readonly force?: boolean | undefined
  readonly sourceMaps?: boolean | undefined
  readonly open?: boolean | undefined
}

export interface CpuCommand<Format extends CpuFormat> {
  readonly kind: 'profile' | 'wall'
  /** How names of files begin. */
  readonly file: string
  readonly formats: readonly Format[]
  /** Undefined: `profile.hz` of the configuration. */
  readonly defaultHz?: number | undefined
  readonly encode: (
    recording: CpuRecording,
    format: Format,
    sources: FindSources | undefined,
  ) => Promise<EncodedProfile>
}

/** For yargs. */
export function cpuFlags({
  file,
  formats,
  defaultHz = 100,
}: Pick<CpuCommand<CpuFormat>, 'file' | 'formats' | 'defaultHz'>) {
  return {
    seconds: {
      alias: 's',
      type: 'string',
      requiresArg: true,
      defaultDescription: '30',
      description: 'How long to record, in seconds; Ctrl-C ends it early and keeps what there is',
    },
    hz: {
      type: 'string',
      requiresArg: true,
      defaultDescription: String(defaultHz),
      description: 'Samples a second, 1 to 1000; more of them cost the target more',
    },
    output: { ...captureFlags.output, defaultDescription: `${file}-NAME-PID.pb.gz` },
    format: {
      type: 'string',
      choices: formats,
      description: 'Format, where the extension does not say',
    },
    tree: {
      type: 'boolean',
      description: 'Also the Node processes below it: a whole cluster in one profile',
    },
    force: captureFlags.force,
    'source-maps': sourceMapsFlag,
    open: openFlag,
  } as const
}

export async function recordToFile<Format extends CpuFormat>(
  flags: CpuFlags,
  direct: DirectTargets,
  { kind, file: prefix, formats, defaultHz, encode }: CpuCommand<Format>,
): Promise<number> {
  const { config } = direct
  const seconds = numberFlag('--seconds', flags.seconds, {
    fallback: config.profile.seconds,
    above: 0,
    max: config.limits.maxSeconds,
  })
  const fallback = defaultHz ?? config.profile.hz
  const hz = numberFlag('--hz', flags.hz, { fallback, min: 1, max: 1000 })
  const format = chooseFormat(flags, formats)
  if (flags.tree && format === 'cpuprofile') throw treeHasManyThreads()
  if (format === 'pprof')
    refuseTerminal(flags.output, `pprofd ${kind} ${flags.target} -o ${prefix}.pb.gz`)
  await checkOutput(flags.output ?? '.')
  const durationMs = seconds * 1000
  const recording = await runCapture(direct, {
    selector: flags.target,
    durationMs,
    record: (target, control) =>
      (flags.tree ? recordCpuTree : recordCpu)(direct.targets, target, {
        ...control,
        kind,
        durationMs,
        hz,
        mainThreadOnly: format === 'cpuprofile',
        maxPauseMs: flags.force ? undefined : config.limits.maxPauseMs,
      }),
  })
  const { bytes, extension, shown } = await whileWorking(recording.target.name, namingText, () =>
    withSources(recording.target, flags.sourceMaps ?? config.sourceMaps, async (sources) => {
      const encoded = await encode(recording, format, sources)
      // The page takes every form but the summary, and speedscope's own one shows most.
      const best = formats.find((one) => one === 'speedscope') ?? formats[0]
      const shown = flags.open && best ? await encode(recording, best, sources) : undefined
      return { ...encoded, shown: shown?.bytes }
    }),
  )
  const { target } = recording
  const file = flags.output ?? `${prefix}-${fileNamePart(target.name)}-${target.pid}${extension}`
  await writeOutput(file, bytes)
  if (file !== '-') process.stderr.write(summary(recording, file, format))
  if (shown) await openCapture({ name: `${target.name} (pid ${target.pid})`, bytes: shown })
  return 0
}

function chooseFormat<Format extends CpuFormat>(
  { format, output }: CpuFlags,
  formats: readonly Format[],
): Format {
  const isDefault = format === undefined && (output === undefined || output === '-')
  const wanted = format ?? (isDefault ? 'pprof' : formatOfFile(output ?? ''))
  const chosen = formats.find((name) => name === wanted)
  if (chosen !== undefined) return chosen
  const extensions = formats.map((name) => cpuFormats[name].extension).join(', ')
  throw new InputError(
    'parameter-invalid',
    `-o ${output}: the extension names no format; use one of ${extensions}, or --format`,
  )
}

function summary(recording: CpuRecording, file: string, format: CpuFormat): string {
  const { target, startPauseMs, stopPauseMs } = recording
  const cost = `${Math.ceil(startPauseMs)} ms at the start and ${Math.ceil(stopPauseMs)} ms at the end`
  return (
    `wrote ${file}: ${target.name} (pid ${target.pid}, Node ${target.nodeVersion}), ` +
    `which stood still for at most ${cost}\n${format === 'pprof' ? `try: go tool pprof -http=: ${file}\n` : ''}`
  )
}
