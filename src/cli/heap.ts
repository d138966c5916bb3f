/** `pprofd heap` and `pprofd allocs`: sampled allocations into a file, without a daemon. */
import { recordHeap } from '../captures/heap.ts'
import type { HeapRecording } from '../captures/heap-recording.ts'
import { encodeHeapProfile } from '../convert/heap-formats.ts'
import type { HeapProfileName } from '../convert/heap-pprof.ts'
import { type Commands, type CommonFlags, ownOptions, targetArgument } from './command.ts'
import { type DirectTargets, withTargets } from './direct-targets.ts'
import { numberFlag } from './number-flag.ts'
import { openCapture, openFlag } from './open/open-capture.ts'
import { checkOutput, fileNamePart, writeOutput } from './output-file.ts'
import { namingText, whileWorking } from './progress.ts'
import { captureFlags, refuseTerminal, runCapture } from './run-capture.ts'
import { sourceMapsFlag, withSources } from './target-sources.ts'

interface HeapFlags extends CommonFlags {
  readonly target: string
  readonly seconds?: string | undefined
  readonly gc?: boolean | undefined
  readonly output?: string | undefined
  readonly force?: boolean | undefined
  readonly sourceMaps?: boolean | undefined
  readonly open?: boolean | undefined
}

const descriptions: Readonly<Record<HeapProfileName, string>> = {
  heap: 'Record which functions of a running Node process allocate what stays in memory',
  allocs: 'Record which functions of a running Node process allocate, garbage included',
}

/** The extension of the text that Go answers with debug=1. */
const textExtension = '.txt'

export function addHeapCommands({ cli, run }: Commands): void {
  for (const name of ['heap', 'allocs'] as const) {
    cli.command(
      `${name} <target>`,
      descriptions[name],
      (command) =>
        command
          .positional('target', targetArgument)
          .options(
            ownOptions({
              seconds: {
                alias: 's',
                type: 'string',
                requiresArg: true,
                defaultDescription: '4, heap.seconds of the configuration',
                description:
                  'How long to sample, in seconds; Ctrl-C ends it early and keeps what there is',
              },
              gc: {
                type: 'boolean',
                description: 'Collect garbage thoroughly before the reading',
                hidden: name === 'allocs',
              },
              output: {
                ...captureFlags.output,
                description: `File to write, - for stdout; ${textExtension} is text, all else pprof`,
                defaultDescription: `${name}-NAME-PID.pb.gz`,
              },
              force: captureFlags.force,
              'source-maps': sourceMapsFlag,
              open: openFlag,
            }),
          )
          .example(
            `$0 ${name} 4711 -s 10 -o ${name}.pb.gz`,
            `then: go tool pprof -http=: ${name}.pb.gz`,
          ),
      run((args: HeapFlags) => withTargets(args, (direct) => record(name, args, direct))),
    )
  }
}

async function record(
  name: HeapProfileName,
  flags: HeapFlags,
  direct: DirectTargets,
): Promise<number> {
  const { heap, limits, sourceMaps } = direct.config
  const seconds = numberFlag('--seconds', flags.seconds, {
    fallback: heap.seconds,
    above: 0,
    max: limits.maxSeconds,
  })
  const isText = flags.output?.toLowerCase().endsWith(textExtension) ?? false
  refuseTerminal(flags.output, `pprofd ${name} ${flags.target} -o ${name}.pb.gz`)
  await checkOutput(flags.output ?? '.')
  const durationMs = seconds * 1000
  const recording = await runCapture(direct, {
    selector: flags.target,
    durationMs,
    record: (target, control) =>
      recordHeap(direct.targets, target, {
        ...control,
        counting: name === 'allocs' ? 'allocated' : 'live',
        durationMs,
        isDelta: false,
        gc: name === 'heap' && (flags.gc ?? false),
        samplingIntervalBytes: heap.samplingInterval,
        maxPauseMs: flags.force ? undefined : limits.maxPauseMs,
      }),
  })
  const { target } = recording
  const form = isText ? 'text' : 'pprof'
  const wanted = flags.sourceMaps ?? sourceMaps
  const { bytes, shown } = await whileWorking(target.name, namingText, () =>
    withSources(target, wanted, async (sources) => {
      const encode = (as: typeof form) => encodeHeapProfile(recording, name, as, sources)
      const { bytes } = await encode(form)
      return { bytes, shown: flags.open ? (await encode('pprof')).bytes : undefined }
    }),
  )
  const file = flags.output ?? `${name}-${fileNamePart(target.name)}-${target.pid}.pb.gz`
  await writeOutput(file, bytes)
  if (file !== '-') process.stderr.write(summary(recording, file))
  if (shown)
    await openCapture({ name: `${name} of ${target.name} (pid ${target.pid})`, bytes: shown })
  return 0
}

function summary({ target, threads, readPauseMs }: HeapRecording, file: string): string {
  const foreign = threads.some(({ sampler }) => sampler === 'foreign')
    ? '; its sampler ran already and was left on'
    : ''
  return (
    `wrote ${file}: ${target.name} (pid ${target.pid}, Node ${target.nodeVersion}), ` +
    `which stood still for at most ${Math.ceil(readPauseMs)} ms${foreign}\n` +
    `try: go tool pprof -http=: ${file}\n`
  )
}
