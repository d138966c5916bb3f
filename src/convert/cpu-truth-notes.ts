/** What the kernel's clocks say of a CPU recording, in sentences: against its samples, and beside them. */
import { cleanText } from './clean-text.ts'
import type { CpuKind, CpuStacks, ThreadStacks } from './cpu-stacks.ts'

/** Less is the error of 100 samples a second, and of clocks that are read every 50 ms. */
const minShare = 0.1
const minUs = 100_000

/** More lines are nobody's reading; the sum has all of them. */
const maxThreads = 8

/** Samples stand for a lot less than was used: they were lost. */
const lostShare = 1.3

/** A thread that loops in vain uses all of its time. */
const stuckShare = 0.8

export function cpuTruthNotes(stacks: CpuStacks, kind: CpuKind): readonly string[] {
  const { recording, threads } = stacks
  const known = threads.filter(({ onCpu }) => onCpu)
  if (known.length === 0) {
    const unknown =
      'CPU time: unknown, as the kernel was not asked or does not tell: only samples count'
    return [unknown, ...checkNotes(stacks)]
  }
  const usedUs = sum(known, ({ onCpu }) => onCpu?.usedUs ?? 0)
  const sampledUs = sum(known, ({ onCpu }) => onCpu?.sampledUs ?? 0)
  const natives = (recording.nativeThreads ?? []).filter(({ usedUs }) => usedUs >= 500)
  return [
    `CPU time: ${text(usedUs)} used by the recorded threads as the kernel counts, samples of running code stand for ${text(sampledUs)}`,
    ...known
      .filter(isTold)
      .slice(0, maxThreads)
      .map((thread) => threadNote(thread, kind)),
    ...(natives.length === 0
      ? []
      : [`CPU time of other threads: ${natives.map(native).join(', ')}`]),
    ...checkNotes(stacks),
  ]
}

export function cpuTruthWarnings(stacks: CpuStacks): readonly string[] {
  return stacks.threads.flatMap(({ thread, onCpu, hotLoops }) => {
    const warnings = hotLoops?.warnings ?? []
    if (!onCpu || onCpu.usedUs - onCpu.sampledUs < 2 * minUs) return warnings
    if (onCpu.usedUs < onCpu.sampledUs * lostShare) return warnings
    return [
      ...warnings,
      `${cleanText(thread)} used ${text(onCpu.usedUs)} of CPU, but samples of running code stand for ${text(onCpu.sampledUs)}: the rest is missing here`,
    ]
  })
}

/** Why there are far fewer samples than were asked for, in words. */
export function whyFewSamples({ recording }: CpuStacks, durationUs: number): string {
  const samplers = (recording.nativeThreads ?? []).filter(({ isSampler }) => isSampler)
  if (samplers.length === 0) return "V8's sampler is stuck or starved of CPU"
  const busiestUs = Math.max(...samplers.map(({ busiestUs }) => busiestUs))
  if (busiestUs >= durationUs * stuckShare) {
    return `V8's sampler is stuck: its thread used ${text(busiestUs)} of CPU for that (DataDog/pprof-nodejs#125), which ends with the recording`
  }
  return `V8's sampler, whose thread used ${text(busiestUs)} of CPU, was starved`
}

function isTold({ onCpu }: ThreadStacks): boolean {
  const lackUs = (onCpu?.sampledUs ?? 0) - (onCpu?.usedUs ?? 0)
  return lackUs >= minUs && lackUs >= (onCpu?.sampledUs ?? 0) * minShare
}

function threadNote({ thread, onCpu }: ThreadStacks, kind: CpuKind): string {
  const blockedUs = onCpu?.blockedUs.reduce((total, us) => total + us, 0) ?? 0
  const lackUs = (onCpu?.sampledUs ?? 0) - (onCpu?.usedUs ?? 0)
  const label = kind === 'cpu' ? ' (label state=blocked, without CPU time)' : ''
  const waits = [
    ...(blockedUs >= 500 ? [`${text(blockedUs)} blocked in native code${label}`] : []),
    ...(lackUs - blockedUs >= minUs ? [`${text(lackUs - blockedUs)} queued for a processor`] : []),
  ].join(' and ')
  return `${cleanText(thread)} used ${text(onCpu?.usedUs ?? 0)} of CPU in ${text(onCpu?.watchedUs ?? 0)}, of its samples of running code ${waits}`
}

function native({
  name,
  count,
  usedUs,
}: NonNullable<CpuStacks['recording']['nativeThreads']>[number]) {
  return `${cleanText(name)}${count > 1 ? ` x${count}` : ''} ${text(usedUs)}`
}

function checkNotes({ recording, threads }: CpuStacks): readonly string[] {
  const checks = recording.threads.flatMap(({ checks = [] }) => checks)
  if (checks.length === 0) return []
  const repairs = threads.flatMap(({ hotLoops }) => hotLoops?.notes ?? [])
  const costMs = checks.reduce((total, check) => total + check.costMs, 0)
  return [
    `checks: ${checks.length} times a thread that did not rest was asked what it runs, which took it ${Number(costMs.toFixed(1))} ms`,
    ...repairs,
  ]
}

function sum(threads: readonly ThreadStacks[], of: (thread: ThreadStacks) => number): number {
  return threads.reduce((total, thread) => total + of(thread), 0)
}

function text(us: number): string {
  return us < 10_000 ? `${Number((us / 1000).toFixed(1))} ms` : `${Number((us / 1e6).toFixed(2))} s`
}
