/** `pprofd retained`: who holds the memory, of a running process or of a snapshot that was saved. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { captureHeapSnapshot } from '../captures/heap-snapshot.ts'
import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load-config.ts'
import { retainedComments } from '../convert/retained-comments.ts'
import { RetainedConversion } from '../convert/retained-conversion.ts'
import type { RetainedProfile } from '../convert/retained-messages.ts'
import { InputError } from '../errors.ts'
import { type Commands, type CommonFlags, ownOptions, targetArgument } from './command.ts'
import { type DirectTargets, withTargets } from './direct-targets.ts'
import { openCapture, openFlag } from './open/open-capture.ts'
import { checkOutput, fileNamePart, writeOutput } from './output-file.ts'
import { elapsedText, sizeText, walkText, whileWorking } from './progress.ts'
import { captureFlags, refuseTerminal, runCapture } from './run-capture.ts'

interface RetainedFlags extends CommonFlags {
  readonly target: string
  readonly output?: string | undefined
  readonly force?: boolean | undefined
  readonly open?: boolean | undefined
}

const snapshotExtension = '.heapsnapshot'

/** Read at once from a file. */
const chunkBytes = 1024 * 1024

export function addRetainedCommand({ cli, run }: Commands): void {
  cli.command(
    'retained <target>',
    'Show who holds the memory of a running Node process, or of a heap snapshot',
    (command) =>
      command
        .positional('target', {
          ...targetArgument,
          description: `A pid or a name, or a file NAME${snapshotExtension}`,
        })
        .options(
          ownOptions({
            output: {
              ...captureFlags.output,
              description: 'File to write, - for stdout',
              defaultDescription: 'retained-NAME-PID.pb.gz',
            },
            force: {
              type: 'boolean',
              description: 'Take the snapshot although it may cost the target more than there is',
            },
            open: openFlag,
          }),
        )
        .example('$0 retained api -o who.pb.gz', 'then: go tool pprof -http=: who.pb.gz')
        .example(`$0 retained old${snapshotExtension}`, 'of a file that Node or Chrome wrote'),
    run((args) =>
      args.target.endsWith(snapshotExtension)
        ? ofFile(args)
        : withTargets(args, (direct) => ofTarget(args, direct)),
    ),
  )
}

async function ofTarget(flags: RetainedFlags, direct: DirectTargets): Promise<number> {
  await checkFlags(flags)
  const { limits } = direct.config
  let progress = ''
  let sizeBytes = 0
  const { recording, profile } = await withConversion(direct.config, async (conversion) => {
    const recording = await runCapture(direct, {
      selector: flags.target,
      durationMs: 0,
      progress: () => progress,
      record: (target, { signal, onPhase }) =>
        captureHeapSnapshot(direct.targets, target, {
          kind: 'retained',
          force: flags.force,
          maxPauseMs: limits.maxPauseMs,
          signal,
          onPhase,
          onProgress: (done, total) => {
            progress = walkText(done, total)
          },
          write: (chunk) => {
            sizeBytes += chunk.length
            progress = sizeText(sizeBytes)
            return conversion.write(chunk)
          },
        }),
    })
    const { target, startedAtMs } = recording
    const comments = retainedComments(recording)
    const profile = await whileWorking(target.name, analysing, () =>
      conversion.finish({ ...target, takenAtMs: startedAtMs, comments }),
    )
    return { recording, profile }
  })
  const { name, pid, nodeVersion } = recording.target
  const file = flags.output ?? `retained-${fileNamePart(name)}-${pid}.pb.gz`
  const of = `${name} (pid ${pid}, Node ${nodeVersion}), which stood still for at most ${Math.ceil(recording.pauseMs)} ms`
  await write(file, profile, of)
  if (flags.open)
    await openCapture({ name: `memory of ${name} (pid ${pid})`, bytes: profile.bytes })
  return 0
}

/** Nothing but a name and its time is known of a saved snapshot's process. */
async function ofFile(flags: RetainedFlags): Promise<number> {
  await checkFlags(flags)
  const config = await loadConfig({ file: flags.config, env: process.env })
  const snapshot = flags.target
  const takenAtMs = await modifiedAtMs(snapshot)
  const profile = await withConversion(config, async (conversion) => {
    let sizeBytes = 0
    await whileWorking(
      snapshot,
      () => `reading ${sizeText(sizeBytes)}`,
      async () => {
        for await (const chunk of createReadStream(snapshot, { highWaterMark: chunkBytes })) {
          sizeBytes += chunk.length
          await conversion.write(chunk)
        }
      },
    )
    const comments = [`heap snapshot ${basename(snapshot)}`]
    return await whileWorking(snapshot, analysing, () =>
      conversion.finish({ executable: '', workingDirectory: '', takenAtMs, comments }),
    )
  })
  const name = fileNamePart(basename(snapshot, snapshotExtension))
  await write(flags.output ?? `retained-${name}.pb.gz`, profile, snapshot)
  if (flags.open) await openCapture({ name: `memory of ${name}`, bytes: profile.bytes })
  return 0
}

function analysing(elapsedMs: number): string {
  return `analysing ${elapsedText(elapsedMs)}`
}

async function checkFlags({ target, output }: RetainedFlags): Promise<void> {
  refuseTerminal(output, `pprofd retained ${target} -o retained.pb.gz`)
  await checkOutput(output ?? '.')
}

async function modifiedAtMs(file: string): Promise<number> {
  try {
    return (await stat(file)).mtimeMs
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new InputError('parameter-invalid', `cannot read ${file}: ${reason}`, { cause })
  }
}

async function withConversion<T>(
  { limits }: Config,
  work: (conversion: RetainedConversion) => Promise<T>,
): Promise<T> {
  const conversion = new RetainedConversion(limits.maxRetainedBytes)
  try {
    return await work(conversion)
  } finally {
    await conversion.close()
  }
}

async function write(file: string, { bytes, totals }: RetainedProfile, of: string): Promise<void> {
  await writeOutput(file, bytes)
  if (file === '-') return
  const size = `${totals.objects} objects of ${(totals.heapBytes / 1e6).toFixed(1)} MB`
  process.stderr.write(`wrote ${file}: ${size} in ${of}\ntry: go tool pprof -http=: ${file}\n`)
}
