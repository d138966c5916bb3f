/** What lies beside a profile in a folder: where it comes from, as JSON that people read, too. */
import { randomUUID } from 'node:crypto'
import type { RecordedProfile } from './recorded-profile.ts'

export interface ProfileNote {
  /** Of this profile, for engines that tell profiles apart by it. */
  readonly id: string
  readonly kind: RecordedProfile['kind']
  readonly reason: string
  /** ISO 8601. */
  readonly startedAt: string
  readonly durationMs: number
  readonly pauseMs: number | null
  readonly target: {
    readonly id: string
    readonly instance: string
    readonly name: string
    readonly service: string
    readonly pid: number
    readonly uid: number
  }
  readonly nodeVersion: string
  readonly contentType: string
  readonly sizeBytes: number
}

/** Names come from targets, reasons from their figures. */
const maxTextLength = 300

export function noteOf(profile: RecordedProfile): ProfileNote {
  const { kind, reason, startedAtMs, durationMs, pauseMs, target } = profile
  return {
    id: randomUUID(),
    kind,
    reason: short(reason),
    startedAt: new Date(startedAtMs).toISOString(),
    durationMs: Math.round(durationMs),
    pauseMs: pauseMs ?? null,
    target: {
      id: short(target.id),
      instance: short(target.instance),
      name: short(target.name),
      service: short(target.service ?? target.name),
      pid: target.pid,
      uid: target.uid,
    },
    nodeVersion: short(profile.nodeVersion),
    contentType: profile.contentType,
    sizeBytes: profile.bytes.byteLength,
  }
}

/** Nothing in it steers a terminal or turns text around. */
export function noteText(note: ProfileNote): string {
  const escaped = JSON.stringify(note, undefined, 2).replace(
    /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return `${escaped}\n`
}

/** Undefined for what `noteText` has not written. */
export function parseNote(text: string): ProfileNote | undefined {
  try {
    const note = JSON.parse(text)
    const texts = [note.id, note.kind, note.reason, note.startedAt, note.nodeVersion]
    const { id, instance, name, service, pid } = note.target
    const areTexts = [...texts, id, instance, name, service].every(
      (each) => typeof each === 'string',
    )
    return areTexts && Number.isInteger(pid) ? note : undefined
  } catch {
    return undefined
  }
}

function short(text: string): string {
  return text.length > maxTextLength ? `${text.slice(0, maxTextLength)}...` : text
}
