/** What stands above the table of `pprofd top`: how the process does, and what looking at it costs. */
import { cleanText } from '../../convert/clean-text.ts'
import type { LoopRates } from '../../convert/top/loop-rates.ts'
import type { TopSnapshot } from './top-snapshot.ts'

export interface HeadLine {
  readonly text: string
  readonly isAlarm: boolean
}

/** Threads beyond these use little. */
const maxThreads = 5

/** Less waiting for a processor is daily life. */
const minQueued = 0.1

export function headLines(snapshot: TopSnapshot): readonly HeadLine[] {
  const { target, hz, watchedMs, isPaused, threads } = snapshot
  const name = `${cleanText(target.name)} (pid ${target.pid}, Node ${cleanText(target.nodeVersion)})`
  const paused = isPaused ? '  PAUSED (it samples on)' : ''
  return [
    line(`pprofd top: ${name}  ${Math.round(watchedMs / 1000)} s at ${hz} Hz${paused}`),
    line(cpuText(snapshot)),
    loopLine(snapshot),
    line(heapText(snapshot)),
    line(costText(snapshot)),
    ...(threads.length > 0 ? [line(threadText(snapshot))] : []),
  ]
}

function line(text: string, isAlarm = false): HeadLine {
  return { text, isAlarm }
}

function cpuText({ cpu }: TopSnapshot): string {
  if (cpu === undefined) return 'CPU     not known yet'
  const threads = cpu.threads
    .filter(({ share }) => share >= 0.005)
    .slice(0, maxThreads)
    .map(({ name, share }) => `${cleanText(name)} ${percent(share)}`)
  const queued =
    cpu.mainQueued >= minQueued ? `; main waited ${percent(cpu.mainQueued)} for a processor` : ''
  return `CPU     ${percent(cpu.process)}${threads.length > 0 ? `: ${threads.join(', ')}` : ''}${queued}`
}

function loopLine({ loop, silentMs, startPauseMs }: TopSnapshot): HeadLine {
  if (silentMs > 0) {
    return line(
      `Loop    BLOCKED in native code for ${wholeSeconds(silentMs)}: it does not answer`,
      true,
    )
  }
  if (startPauseMs === undefined) return line('Loop    the profiler is being started')
  if (loop === undefined) return line('Loop    the first window is being recorded')
  if (loop.isBlocked) {
    return line(
      `Loop    BLOCKED for ${wholeSeconds(loop.restlessMs)}: it has not turned once`,
      true,
    )
  }
  if (loop.restlessMs > 0) {
    return line(`Loop    BLOCKED or overloaded: no rest for ${wholeSeconds(loop.restlessMs)}`, true)
  }
  return line(`Loop    ${loopText(loop)}`)
}

function loopText({ utilization, isExact, turnsPerSecond, longestStretchMs }: LoopRates): string {
  const turns = turnsPerSecond === undefined ? '' : `, ${Math.round(turnsPerSecond)} turns/s`
  const busy = `${isExact ? '' : '~'}${percent(utilization)} busy`
  return `${busy}${turns}, delays of up to ${Math.round(longestStretchMs)} ms`
}

function heapText({ heap, residentBytes }: TopSnapshot): string {
  const used = heap?.usedHeapBytes
  const limit = heap?.heapLimitBytes
  const taken = heap?.takenHeapBytes
  const parts: string[] = []
  if (used !== undefined) {
    const ofLimit = limit ? ` of at most ${megabytes(limit)} (${percent(used / limit)})` : ''
    const ofTaken = taken === undefined ? '' : `, ${megabytes(taken)} taken`
    parts.push(`${megabytes(used)} used${ofLimit || ofTaken}`)
  }
  if (residentBytes !== undefined) parts.push(`process ${megabytes(residentBytes)} resident`)
  return `Heap    ${parts.join('; ') || 'not known yet'}`
}

function costText({ startPauseMs, usualPauseMs, openedInspector }: TopSnapshot): string {
  const inspector = openedInspector
    ? 'inspector open while this runs (? tells)'
    : 'its inspector was open before'
  if (startPauseMs === undefined) return `Cost    ${inspector}`
  const later = usualPauseMs > 0 ? `, then about ${Math.ceil(usualPauseMs)} ms each second` : ''
  const pauses = `start ${Math.ceil(startPauseMs)} ms${later}`
  return `Cost    ${pauses}; ${inspector}`
}

function threadText({ threads, thread }: TopSnapshot): string {
  if (thread === undefined) return `Threads all ${threads.length}; loop and heap are main's`
  return `Thread  ${cleanText(thread)} (${threads.indexOf(thread) + 1} of ${threads.length})`
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

function wholeSeconds(ms: number): string {
  return `${Math.floor(ms / 1000)} s`
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
