/** What is kept of a stall, and how it is written for people. */
import type { Frame } from '../captures/goroutine-entry.ts'
import { cleanText } from '../convert/clean-text.ts'
import type { Target } from '../targets/target.ts'
import type { DetectedBy } from './watched-loop.ts'

export interface StallStack {
  /** From the beginning of the stall to the look. */
  readonly afterMs: number
  /** Nearest call first, then the async functions that wait for it. */
  readonly frames: readonly Frame[]
}

/** What was seen while it lasted. */
export interface StallEvidence {
  readonly stacks: readonly StallStack[]
  /** Such as `v20.20.2`. */
  readonly nodeVersion: string
  /** What the kernel says of the thread: a system call, its file, children that run. */
  readonly waitsFor?: string | undefined
  /** Sentences: why there is no stack, what is uncertain. */
  readonly notes: readonly string[]
}

export interface StallReport extends StallEvidence {
  /** Unique in this run of pprofd, ascending. */
  readonly id: number
  readonly target: Target
  /** Wall clock, ms since the epoch. */
  readonly startedAtMs: number
  readonly durationMs: number
  /** False: it still lasted when this was written, or the process ended in it. */
  readonly ended: boolean
  readonly thresholdMs: number
  readonly detectedBy: DetectedBy
  /** Of its main thread, from when the stall was noticed; undefined where the kernel does not tell. */
  readonly processor?: { readonly usedMs: number; readonly queuedMs: number } | undefined
  /** Stalls of this target since the last report that the limits kept from being looked into. */
  readonly passedOver: number
}

const ways: Readonly<Record<DetectedBy, string>> = {
  loop: "libuv's own counters in the target's memory",
  thread: "the kernel's counters of its main thread (less exact; see docs/fleet/stalls.md)",
}

/** A file that says it all to whoever finds it in the morning. */
export function stallText(report: StallReport): string {
  const { target, nodeVersion, startedAtMs, thresholdMs, detectedBy, processor, waitsFor } = report
  const lines = [
    `${cleanText(target.name)} (process ${target.pid}, Node ${nodeVersion}): ${headline(report)}`,
    '',
    `began       ${new Date(startedAtMs).toISOString()}`,
    `threshold   ${thresholdMs} ms`,
    `seen by     ${ways[detectedBy]}`,
  ]
  if (processor !== undefined) {
    const { usedMs, queuedMs } = processor
    const rest = queuedMs >= 1 ? `, and waited ${Math.round(queuedMs)} ms for one` : ''
    lines.push(`processor   used for ${Math.round(usedMs)} ms after it was noticed${rest}`)
  }
  if (waitsFor !== undefined) lines.push(`kernel      ${cleanText(waitsFor)}`)
  for (const note of report.notes) lines.push(`note        ${cleanText(note)}`)
  for (const { afterMs, frames } of report.stacks) {
    lines.push('', `after ${Math.round(afterMs)} ms:`)
    for (const frame of frames) lines.push(`  ${frameText(frame)}`)
  }
  return `${lines.join('\n')}\n`
}

export function headline({ durationMs, ended }: StallReport): string {
  const duration = `${Math.round(durationMs)} ms`
  return ended
    ? `the event loop was blocked for ${duration}`
    : `the event loop has been blocked for ${duration}, and had not gone on when this was written`
}

/** `crunch file:///srv/app.js:12:5`. */
export function frameText({ function: name, url, line: row, column, isAsync }: Frame): string {
  const position = [row, column].filter((part) => part > 0).map((part) => `:${part}`)
  const place = url === '' ? '' : ` ${url}${position.join('')}`
  return cleanText(`${isAsync ? 'async ' : ''}${name}${place}`)
}
