/** `pprofd goroutine`: what a running process does and waits for, or what a saved dump says of one. */
import { setTimeout as delay } from 'node:timers/promises'
import { recordGoroutines } from '../captures/goroutine.ts'
import { SuspendedConversion } from '../convert/suspended-conversion.ts'
import { InputError } from '../errors.ts'
import { encodeGoroutines, type Recorded } from '../snapshot/goroutine-formats.ts'
import { localFiles, type Sources } from '../snapshot/packages.ts'
import { recordedAsWritten } from '../snapshot/written-code.ts'
import type { Target } from '../targets/target.ts'
import { type Commands, ownOptions, targetArgument } from './command.ts'
import { type DirectTargets, withTargets } from './direct-targets.ts'
import { isDump, readDump } from './goroutine-dump.ts'
import {
  type GoroutineFlags,
  type GoroutineOutput,
  goroutineFlags,
  readOutput,
} from './goroutine-flags.ts'
import { goroutineTerminal } from './goroutine-terminal.ts'
import { numberFlag } from './number-flag.ts'
import { openCapture } from './open/open-capture.ts'
import { checkOutput, writeOutput } from './output-file.ts'
import { elapsedText } from './progress.ts'
import { type CommandControl, refuseTerminal, runCapture } from './run-capture.ts'
import { withSources } from './target-sources.ts'

export function addGoroutineCommand({ cli, run }: Commands): void {
  cli.command(
    'goroutine <target>',
    'Show what every piece of work of a running Node process does or waits for',
    (command) =>
      command
        .positional('target', {
          ...targetArgument,
          description: 'A pid or a name, a saved dump FILE.txt or DIR/FILE, or - for stdin',
        })
        .options(ownOptions(goroutineFlags))
        .example('$0 goroutine 4711', 'one bucket for each different stack, most relevant first')
        .example('$0 goroutine api -s 10', 'which buckets grow within 10 s')
        .example('$0 goroutine api --html api.html', 'the page of /debug/panicparse')
        .example('$0 goroutine saved.txt -m lock', 'of a dump that debug=2 or -o wrote'),
    run((args: GoroutineFlags) =>
      isDump(args.target) ? ofDump(args) : withTargets(args, (direct) => ofTarget(args, direct)),
    ),
  )
}

interface Shown extends Recorded {
  readonly sources?: Sources | undefined
}

async function ofDump(flags: GoroutineFlags): Promise<number> {
  const output = await checked(flags)
  if (flags.seconds !== undefined) {
    throw new InputError('parameter-invalid', '--seconds is of a running process, not of a dump')
  }
  const recordings = await readDump(flags.target)
  if (recordings.length > 1 && output.files.length > 0) {
    const message = `${flags.target} holds ${recordings.length} dumps, and a file takes one: cut it`
    throw new InputError('parameter-invalid', message)
  }
  await show(
    recordings.map((recording) => ({ recording })),
    output,
  )
  return 0
}

async function ofTarget(flags: GoroutineFlags, direct: DirectTargets): Promise<number> {
  const output = await checked(flags)
  const { limits } = direct.config
  const range = { fallback: 0, above: 0, max: limits.maxSeconds }
  const durationMs = numberFlag('--seconds', flags.seconds, range) * 1000
  const isDelta = flags.seconds !== undefined
  if (isDelta && output.files.some(({ format }) => format === 'text')) {
    throw new InputError('parameter-invalid', '--seconds has no .txt form; try .md, .json or .html')
  }
  const shown = await runCapture(direct, {
    selector: flags.target,
    durationMs,
    progress: isDelta ? undefined : elapsedText,
    record: (target, control) => record(flags, direct, target, { durationMs, isDelta, control }),
  })
  await show([shown], output)
  if (flags.open) {
    const { bytes } = await encodeGoroutines(shown, 'pprof', { similarity: output.similarity })
    const { name, pid } = shown.recording.target
    await openCapture({ name: `work of ${name} (pid ${pid})`, bytes: Buffer.from(bytes) })
  }
  return 0
}

async function checked(flags: GoroutineFlags): Promise<GoroutineOutput> {
  const output = readOutput(flags)
  for (const { file, format } of output.files) {
    if (format === 'pprof') refuseTerminal(file, `pprofd goroutine ${flags.target}`)
    await checkOutput(file)
  }
  return output
}

interface Recording {
  readonly durationMs: number
  readonly isDelta: boolean
  readonly control: CommandControl
}

async function record(
  { force, promises, worker, deep, maxmem, sourceMaps }: GoroutineFlags,
  { targets, config }: DirectTargets,
  target: Target,
  { durationMs, isDelta, control }: Recording,
): Promise<Shown> {
  const { limits, goroutine } = config
  const { signal, endEarly, onPhase } = control
  const options = {
    signal,
    onPhase,
    maxBytes: numberFlag('--maxmem', maxmem, {
      fallback: goroutine.maxHeapBytes,
      min: 1_048_576,
      max: Number.MAX_SAFE_INTEGER,
    }),
    maxEntries: goroutine.maxEntries,
    budgetMs: goroutine.budgetMs,
    stop: goroutine.stop,
    withQuery: goroutine.keepQuery,
    promises,
    worker,
    force,
    ...(deep ? { analyse: () => new SuspendedConversion(limits.maxRetainedBytes) } : {}),
    maxPauseMs: force ? undefined : limits.maxPauseMs,
  }
  const before = isDelta ? await recordGoroutines(targets, target, options) : undefined
  if (isDelta) await pass(durationMs, signal ? [signal, endEarly] : [endEarly])
  const recording = await recordGoroutines(targets, target, options)
  const recorded = await withSources(target, sourceMaps ?? config.sourceMaps, (find) =>
    recordedAsWritten({ recording, before }, find),
  )
  const written = [recorded.recording, recorded.before]
  const files = written.flatMap((each) => (each ? [...localFiles(each)] : []))
  return { ...recorded, sources: await targets.packages(target, files) }
}

/** Until the time is over or somebody ends it. */
async function pass(durationMs: number, signals: readonly AbortSignal[]): Promise<void> {
  await delay(durationMs, undefined, { signal: AbortSignal.any([...signals]) }).catch(() => {})
}

async function show(all: readonly Shown[], output: GoroutineOutput): Promise<void> {
  const { similarity, files, json, terminal } = output
  for (const { sources, ...recorded } of all) {
    const options = { similarity, sources }
    for (const { file, format } of files) {
      await writeOutput(
        file,
        Buffer.from((await encodeGoroutines(recorded, format, options)).bytes),
      )
      if (file !== '-') process.stderr.write(`wrote ${file}\n`)
    }
    if (json) {
      process.stdout.write(Buffer.from((await encodeGoroutines(recorded, 'json', options)).bytes))
    } else if (files.length === 0) {
      process.stdout.write(goroutineTerminal(recorded, { ...options, terminal }))
    }
  }
}
