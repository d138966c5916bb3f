/** `pprofd heapsnapshot`: V8's heap snapshot of a running process, streamed into a file. */
import { captureHeapSnapshot, type HeapSnapshotRecording } from '../captures/heap-snapshot.ts'
import { type Commands, type CommonFlags, ownOptions, targetArgument } from './command.ts'
import { type DirectTargets, withTargets } from './direct-targets.ts'
import { GrowingFile } from './growing-file.ts'
import { checkOutput, fileNamePart } from './output-file.ts'
import { sizeText, walkText } from './progress.ts'
import { captureFlags, refuseTerminal, runCapture } from './run-capture.ts'

interface HeapSnapshotFlags extends CommonFlags {
  readonly target: string
  readonly output?: string | undefined
  readonly thread?: string | undefined
  readonly force?: boolean | undefined
}

export function addHeapSnapshotCommand({ cli, run }: Commands): void {
  cli.command(
    'heapsnapshot <target>',
    'Write a heap snapshot of a running Node process into a file',
    (command) =>
      command
        .positional('target', targetArgument)
        .options(
          ownOptions({
            output: {
              ...captureFlags.output,
              description: 'File to write, - for stdout; gzipped where it ends in .gz',
              defaultDescription: 'heap-NAME-PID.heapsnapshot',
            },
            thread: {
              type: 'string',
              requiresArg: true,
              defaultDescription: 'main',
              description: 'The thread whose heap it is: main, or a worker such as pool#3',
            },
            force: {
              type: 'boolean',
              description: 'Take it although it may cost the target more than there is',
            },
          }),
        )
        .example('$0 heapsnapshot api -o api.heapsnapshot.gz', "for Chrome's Memory panel")
        .example('$0 heapsnapshot api --thread pool#3', 'the heap of a worker thread'),
    run((args) => withTargets(args, (direct) => heapSnapshot(args, direct))),
  )
}

async function heapSnapshot(flags: HeapSnapshotFlags, direct: DirectTargets): Promise<number> {
  const { output, thread, force } = flags
  refuseTerminal(output, `pprofd heapsnapshot ${flags.target} -o heap.heapsnapshot`)
  await checkOutput(output ?? '.')
  const files: GrowingFile[] = []
  let name = output ?? ''
  let progress = ''
  let sizeBytes = 0
  const open = ({ target }: Pick<HeapSnapshotRecording, 'target'>) => {
    name ||= `heap-${fileNamePart(target.name)}-${target.pid}.heapsnapshot`
    files.push(new GrowingFile(name))
  }
  try {
    const recording = await runCapture(direct, {
      selector: flags.target,
      durationMs: 0,
      progress: () => progress,
      record: (target, { signal, endEarly, onPhase }) =>
        captureHeapSnapshot(direct.targets, target, {
          kind: 'heapsnapshot',
          thread,
          force,
          maxPauseMs: direct.config.limits.maxPauseMs,
          // Half a snapshot is of no use, so the first Ctrl-C gives it up.
          signal: AbortSignal.any([signal, endEarly].filter((one) => one !== undefined)),
          onPhase,
          onStart: open,
          onProgress: (done, total) => {
            progress = walkText(done, total)
          },
          write: async (chunk) => {
            sizeBytes += chunk.length
            progress = sizeText(sizeBytes)
            await files[0]?.write(chunk)
          },
        }),
    })
    await files[0]?.finish()
    if (name !== '-') process.stderr.write(summary(recording, name))
    return 0
  } catch (error) {
    await files[0]?.discard()
    throw error
  }
}

function summary({ target, bytes, pauseMs }: HeapSnapshotRecording, file: string): string {
  return (
    `wrote ${file}: ${sizeText(bytes)} of ${target.name} (pid ${target.pid}, Node ${target.nodeVersion}), ` +
    `which stood still for at most ${Math.ceil(pauseMs)} ms\n` +
    `${file.endsWith('.heapsnapshot') ? `try: pprofd retained ${file}\n` : ''}`
  )
}
