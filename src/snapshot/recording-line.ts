import type { Cut, GoroutineRecording } from './entry.ts'

const sources = ['exact', 'none', 'promises', 'snapshot'] as const

/** Of a dump that says nothing about itself, such as one of a Go program. */
export const unknownRecording: GoroutineRecording = {
  target: { pid: 0, name: 'unknown', nodeVersion: '', executable: '', workingDirectory: '' },
  takenAtMs: 0,
  entries: [],
  cuts: [],
  notes: [],
  census: 'none',
  targetCostMs: 0,
}

/** A recording without its entries, from JSON that anybody may have edited; undefined if unreadable. */
export function readRecordingLine(text: string): GoroutineRecording | undefined {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return undefined
  }
  const line = fieldsOf(json)
  const target = fieldsOf(line.target)
  const { census } = line
  return {
    target: {
      pid: numberOf(target.pid),
      name: textOf(target.name, 'unknown'),
      nodeVersion: textOf(target.nodeVersion),
      executable: textOf(target.executable),
      workingDirectory: textOf(target.workingDirectory),
    },
    takenAtMs: clampTime(numberOf(line.takenAtMs)),
    entries: [],
    cuts: listOf(line.cuts).map(cutOf),
    notes: listOf(line.notes).map((note) => textOf(note)),
    census: sources.find((each) => each === census) ?? 'none',
    targetCostMs: numberOf(line.targetCostMs),
  }
}

function cutOf(value: unknown): Cut {
  const { what, shown, total } = fieldsOf(value)
  return { what: textOf(what), shown: numberOf(shown), total: numberOf(total) }
}

/** What a Date can hold: https://tc39.es/ecma262/#sec-time-values-and-time-range */
function clampTime(ms: number): number {
  return Math.max(0, Math.min(ms, 8.64e15))
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function textOf(value: unknown, fallback = ''): string {
  return typeof value === 'string' ? value : fallback
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0
}
