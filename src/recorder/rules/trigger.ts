/** What each trigger reads, how it sums a window up, and how its values are said. Pure. */
import type { TriggerKind } from './rule.ts'

/**
 * `rate`: the growth of a counter over the window; `average`, `lowest` and `highest`: of its readings;
 * `latest`: no window.
 */
export type Summary = 'rate' | 'average' | 'lowest' | 'highest' | 'latest'

export interface Trigger {
  readonly summary: Summary
  /** What is measured, as a sentence begins with it. */
  readonly subject: string
  readonly say: (value: number) => string
  /** Who knows it: the kernel, or only a session or the stall watch. */
  readonly source: 'kernel' | 'session' | 'stalls or session' | 'starts'
}

export const triggers: Readonly<Record<TriggerKind, Trigger>> = {
  cpu: { summary: 'rate', subject: 'CPU', say: sayCores, source: 'kernel' },
  loopDelayMs: {
    summary: 'highest',
    subject: 'event-loop delay',
    say: (value) => `${Math.round(value)} ms`,
    source: 'stalls or session',
  },
  loopUtilization: {
    summary: 'average',
    subject: 'event-loop utilization',
    say: sayShare,
    source: 'session',
  },
  // What is still there after the garbage collections of a whole window stays.
  memoryBytes: { summary: 'lowest', subject: 'resident memory', say: sayBytes, source: 'kernel' },
  memoryShare: {
    summary: 'lowest',
    subject: 'resident memory of its limit',
    say: sayShare,
    source: 'kernel',
  },
  heapShare: {
    summary: 'lowest',
    subject: 'used heap of its limit',
    say: sayShare,
    source: 'session',
  },
  openFiles: { summary: 'lowest', subject: 'open files', say: sayCount, source: 'kernel' },
  openFilesShare: {
    summary: 'lowest',
    subject: 'open files of their limit',
    say: sayShare,
    source: 'kernel',
  },
  ageSeconds: {
    summary: 'latest',
    subject: 'age of the process',
    say: (value) => `${Math.floor(value)} s`,
    source: 'kernel',
  },
  restarts: { summary: 'latest', subject: 'restarts', say: sayCount, source: 'starts' },
}

function sayCores(value: number): string {
  return `${value.toFixed(2)} cores`
}

function sayShare(value: number): string {
  return `${(value * 100).toFixed(1)} %`
}

function sayCount(value: number): string {
  return String(Math.round(value))
}

/** In MiB, as operators read limits; below one in bytes. */
function sayBytes(value: number): string {
  return value < 1_048_576 ? `${Math.round(value)} bytes` : `${(value / 1_048_576).toFixed(1)} MiB`
}
