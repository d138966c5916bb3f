/** `pprofd trace`: what a process does over time, as trace events in a file, without a daemon. */
import { readFile } from 'node:fs/promises'
import { recordTrace, type TraceRecording } from '../captures/trace.ts'
import {
  defaultTraceCategories,
  readTraceCategories,
  traceCategories,
} from '../captures/trace-categories.ts'
import { ChromeTrace } from '../convert/trace/chrome-trace.ts'
import { InputError } from '../errors.ts'
import { type Commands, type CommonFlags, ownOptions, targetArgument } from './command.ts'
import { type DirectTargets, withTargets } from './direct-targets.ts'
import { GrowingFile } from './growing-file.ts'
import { numberFlag } from './number-flag.ts'
import { openCapture, openFlag } from './open/open-capture.ts'
import { checkOutput, fileNamePart } from './output-file.ts'
import { captureFlags, runCapture } from './run-capture.ts'
import { sourceMapsFlag, withSources } from './target-sources.ts'

interface TraceFlags extends CommonFlags {
  readonly target: string
  readonly seconds?: string | undefined
  readonly hz?: string | undefined
  readonly categories?: string | undefined
  readonly output?: string | undefined
  readonly force?: boolean | undefined
  readonly sourceMaps?: boolean | undefined
  readonly open?: boolean | undefined
}

export function addTraceCommand({ cli, run }: Commands): void {
  cli.command(
    'trace <target>',
    'Record what a running Node process does over time into a file',
    (command) =>
      command
        .positional('target', targetArgument)
        .options(
          ownOptions({
            seconds: {
              alias: 's',
              type: 'string',
              requiresArg: true,
              defaultDescription: '1',
              description:
                'How long to record, in seconds; Ctrl-C ends it early and keeps what there is',
            },
            hz: {
              type: 'string',
              requiresArg: true,
              defaultDescription: '100',
              description:
                'Samples a second and thread, 1 to 1000; more of them cost the target more',
            },
            categories: {
              type: 'string',
              requiresArg: true,
              defaultDescription: defaultTraceCategories.join(','),
              description: `Of Node's trace events, with commas between them: none, or of ${traceCategories.join(', ')}`,
            },
            output: {
              ...captureFlags.output,
              description: 'File to write, .json or .json.gz; - for stdout',
              defaultDescription: 'trace-NAME-PID.json',
            },
            force: {
              type: 'boolean',
              description: 'Record although it may cost the target more than is allowed',
            },
            'source-maps': sourceMapsFlag,
            open: openFlag,
          }),
        )
        .example('$0 trace api -s 5 -o api.json.gz', 'then open it with https://ui.perfetto.dev'),
    run((args) => withTargets(args, (direct) => trace(args, direct))),
  )
}

async function trace(flags: TraceFlags, direct: DirectTargets): Promise<number> {
  const { config } = direct
  const { maxSeconds } = config.limits
  const fallback = Math.min(1, maxSeconds)
  const seconds = numberFlag('--seconds', flags.seconds, { fallback, above: 0, max: maxSeconds })
  const hz = numberFlag('--hz', flags.hz, { fallback: config.profile.hz, min: 1, max: 1000 })
  const categories =
    flags.categories === undefined
      ? defaultTraceCategories
      : readTraceCategories(flags.categories, '--categories')
  checkExtension(flags.output)
  if (flags.open && flags.output === '-') throw openNeedsFile()
  await checkOutput(flags.output ?? '.')
  const outputs: { readonly file: GrowingFile; readonly trace: ChromeTrace }[] = []
  let name = flags.output ?? ''
  try {
    const recording = await runCapture(direct, {
      selector: flags.target,
      durationMs: seconds * 1000,
      record: (target, control) =>
        withSources(target, flags.sourceMaps ?? config.sourceMaps, (findSources) =>
          recordTrace(direct.targets, target, {
            ...control,
            durationMs: seconds * 1000,
            hz,
            categories,
            force: flags.force,
            maxPauseMs: flags.force ? undefined : config.limits.maxPauseMs,
            onStart: async (start) => {
              name ||= `trace-${fileNamePart(start.target.name)}-${start.target.pid}.json`
              const file = new GrowingFile(name)
              const trace = new ChromeTrace(start, findSources)
              outputs.push({ file, trace })
              await file.write(trace.head())
            },
            write: async (window) => {
              for (const { file, trace } of outputs) await file.write(await trace.window(window))
            },
          }),
        ),
    })
    for (const { file, trace } of outputs) {
      await file.write(trace.end(recording))
      await file.finish()
    }
    if (name !== '-') process.stderr.write(summary(recording, name))
    if (flags.open) await openTrace(recording, name)
    return 0
  } catch (error) {
    for (const { file } of outputs) await file.discard()
    throw error
  }
}

async function openTrace({ target }: TraceRecording, file: string): Promise<void> {
  const bytes = await readFile(file)
  await openCapture({ name: `trace of ${target.name} (pid ${target.pid})`, bytes })
}

function openNeedsFile(): InputError {
  return new InputError('parameter-invalid', '--open shows what is in a file; leave -o - out')
}

function checkExtension(output: string | undefined): void {
  if (output === undefined || output === '-' || /\.json(\.gz)?$/.test(output)) return
  throw new InputError(
    'parameter-invalid',
    `-o ${output}: the extension names no format; use .json or .json.gz`,
  )
}

function summary(recording: TraceRecording, file: string): string {
  const { target, startPauseMs, longestPauseMs, droppedCount } = recording
  const untraced = recording.untraced ?? recording.tracingEnded
  const pauses = `${Math.ceil(startPauseMs)} ms at the start and ${Math.ceil(longestPauseMs)} ms later`
  const lost =
    untraced !== undefined
      ? `warning: Node's events are not all there: ${untraced}\n`
      : droppedCount > 0
        ? `warning: ${droppedCount} of Node's events were too many and are left out\n`
        : ''
  return (
    `wrote ${file}: ${target.name} (pid ${target.pid}, Node ${target.nodeVersion}), ` +
    `which stood still for at most ${pauses}\n${lost}try: open https://ui.perfetto.dev and drop it there\n`
  )
}
