/** `pprofd profile`: one CPU profile into a file, without a daemon. */
import { recordCpu } from '../captures/cpu.ts'
import type { CpuRecording } from '../captures/cpu-recording.ts'
import { recordCpuTree } from '../captures/cpu-tree.ts'
import {
  type CpuFormat,
  cpuFormats,
  encodeCpuProfile,
  formatOfFile,
  treeHasManyThreads,
} from '../convert/cpu-formats.ts'
import { InputError } from '../errors.ts'
import { type Commands, type CommonFlags, targetArgument } from './command.ts'
import { type DirectTargets, withTargets } from './direct-targets.ts'
import { numberFlag } from './number-flag.ts'
import { checkOutput, fileNamePart, writeOutput } from './output-file.ts'
import { captureFlags, refuseTerminal, runCapture } from './run-capture.ts'
import { sourceMapsFlag, withSources } from './target-sources.ts'

interface ProfileFlags extends CommonFlags {
  readonly target: string
  readonly seconds?: string | undefined
  readonly hz?: string | undefined
  readonly output?: string | undefined
  readonly format?: string | undefined
  readonly tree?: boolean | undefined
  readonly force?: boolean | undefined
  readonly sourceMaps?: boolean | undefined
}

const formatNames = Object.keys(cpuFormats) as CpuFormat[]

export function addProfileCommand({ cli, run }: Commands): void {
  cli.command(
    'profile <target>',
    'Record a CPU profile of a running Node process into a file',
    (command) =>
      command
        .positional('target', targetArgument)
        .option('seconds', {
          alias: 's',
          type: 'string',
          requiresArg: true,
          defaultDescription: '30',
          description: 'How long to record; Ctrl-C ends it early and keeps what there is',
        })
        .option('hz', {
          type: 'string',
          requiresArg: true,
          defaultDescription: '100',
          description: 'Samples a second, 1 to 1000; more of them cost the target more',
        })
        .option('output', { ...captureFlags.output, defaultDescription: 'cpu-NAME-PID.pb.gz' })
        .option('format', {
          type: 'string',
          choices: formatNames,
          description: 'Format, where the extension does not say',
        })
        .option('tree', {
          type: 'boolean',
          description: 'Also the Node processes below it: a whole cluster in one profile',
        })
        .option('force', captureFlags.force)
        .option('source-maps', sourceMapsFlag)
        .example('$0 profile 4711 -s 5 -o cpu.pb.gz', 'then: go tool pprof -http=: cpu.pb.gz')
        .example('$0 profile api -s 10 -o cpu.md', 'a one-page summary to read')
        .example('$0 profile api -o cpu.speedscope.json', 'then drop it on https://speedscope.app'),
    run((args) => withTargets(args, (direct) => profile(args, direct))),
  )
}

async function profile(flags: ProfileFlags, direct: DirectTargets): Promise<number> {
  const { config } = direct
  const seconds = numberFlag('--seconds', flags.seconds, {
    fallback: config.profile.seconds,
    above: 0,
    max: config.limits.maxSeconds,
  })
  const hz = numberFlag('--hz', flags.hz, { fallback: config.profile.hz, min: 1, max: 1000 })
  const format = chooseFormat(flags)
  if (flags.tree && format === 'cpuprofile') throw treeHasManyThreads()
  if (format === 'pprof')
    refuseTerminal(flags.output, `pprofd profile ${flags.target} -o cpu.pb.gz`)
  await checkOutput(flags.output ?? '.')
  const durationMs = seconds * 1000
  const recording = await runCapture(direct, {
    selector: flags.target,
    durationMs,
    record: (target, control) =>
      (flags.tree ? recordCpuTree : recordCpu)(direct.targets, target, {
        ...control,
        durationMs,
        hz,
        mainThreadOnly: format === 'cpuprofile',
        maxPauseMs: flags.force ? undefined : config.limits.maxPauseMs,
      }),
  })
  const { bytes } = await withSources(
    recording.target,
    flags.sourceMaps ?? config.sourceMaps,
    (sources) => encodeCpuProfile(recording, format, sources),
  )
  const file = flags.output ?? defaultFile(recording, format)
  await writeOutput(file, bytes)
  if (file !== '-') process.stderr.write(summary(recording, file, format))
  return 0
}

function chooseFormat({ format, output }: ProfileFlags): CpuFormat {
  if (format !== undefined) return format as CpuFormat
  if (output === undefined || output === '-') return 'pprof'
  const byExtension = formatOfFile(output)
  if (byExtension !== undefined) return byExtension
  const extensions = formatNames.map((name) => cpuFormats[name].extension).join(', ')
  throw new InputError(
    'parameter-invalid',
    `-o ${output}: the extension names no format; use one of ${extensions}, or --format`,
  )
}

function defaultFile({ target }: CpuRecording, format: CpuFormat): string {
  return `cpu-${fileNamePart(target.name)}-${target.pid}${cpuFormats[format].extension}`
}

function summary(recording: CpuRecording, file: string, format: CpuFormat): string {
  const { target, startPauseMs, stopPauseMs } = recording
  const cost = `${Math.ceil(startPauseMs)} ms at the start and ${Math.ceil(stopPauseMs)} ms at the end`
  return (
    `wrote ${file}: ${target.name} (pid ${target.pid}, Node ${target.nodeVersion}), ` +
    `which stood still for at most ${cost}\n${format === 'pprof' ? `try: go tool pprof -http=: ${file}\n` : ''}`
  )
}
