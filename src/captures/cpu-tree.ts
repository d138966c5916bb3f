/** One CPU profile of a whole application: a cluster primary or process manager and its Node children. */
import type { Target } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import { type CpuOptions, recordCpu } from './cpu.ts'
import type { CpuRecording } from './cpu-recording.ts'

/**
 * Like `recordCpu`, with all threads of all Node processes below the target. A child that cannot be
 * recorded is named in `missing`; what cannot be done with the target itself is thrown.
 *
 * Children are attached to first: a cluster primary passes the signal that opens its own inspector
 * on to its workers, and theirs must be done by then.
 */
export async function recordCpuTree(
  targets: Targets,
  target: Target,
  options: CpuOptions,
): Promise<CpuRecording> {
  const children = await targets.descendants(target)
  const giveUp = new AbortController()
  const signal = AbortSignal.any([giveUp.signal, ...(options.signal ? [options.signal] : [])])
  const runs = children.map((child) => startChild(targets, child, { ...options, signal }))
  await Promise.all(runs.map(({ begun }) => begun))
  try {
    const [main, ...others] = await Promise.all([
      recordCpu(targets, target, options),
      ...runs.map(({ recording }) => recording),
    ])
    return merge(main, others)
  } finally {
    // Where the target itself failed, nobody wants its children's profiles; wait for their restoration.
    giveUp.abort()
    await Promise.all(runs.map(({ recording }) => recording))
  }
}

interface ChildRun {
  /** Resolves when its recording has begun, or will not begin. */
  readonly begun: Promise<void>
  /** The recording, or the name of what could not be recorded. */
  readonly recording: Promise<CpuRecording | string>
}

function startChild(targets: Targets, child: Target, options: CpuOptions): ChildRun {
  let begin = () => {}
  const begun = new Promise<void>((resolve) => {
    begin = resolve
  })
  const onPhase: CpuOptions['onPhase'] = (phase) => {
    if (phase !== 'attaching') begin()
  }
  const recording = recordCpu(targets, child, { ...options, onPhase })
    .catch(() => `${child.name} (pid ${child.pid})`)
    .finally(begin)
  return { begun, recording }
}

function merge(main: CpuRecording, others: readonly (CpuRecording | string)[]): CpuRecording {
  const lost = others.filter((other) => typeof other === 'string')
  const all = [main, ...others.filter((other) => typeof other !== 'string')]
  const longest = (of: (recording: CpuRecording) => number) => Math.max(...all.map(of))
  return {
    ...main,
    threads: all.flatMap(({ threads }) => threads),
    missing: [...all.flatMap(({ missing }) => missing), ...lost],
    startPauseMs: longest(({ startPauseMs }) => startPauseMs),
    stopPauseMs: longest(({ stopPauseMs }) => stopPauseMs),
    attachMs: longest(({ attachMs }) => attachMs),
    nativeThreads: all.some(({ nativeThreads }) => nativeThreads)
      ? all.flatMap(({ nativeThreads }) => nativeThreads ?? [])
      : undefined,
    openedInspector: all.some(({ openedInspector }) => openedInspector),
  }
}
