/**
 * Names of kept profiles: `2026-11-22T041500.123Z_shop-api_4711_profile.pb.gz`. They sort by time, and
 * what a target calls itself can neither leave the folder nor hide in it.
 */
import type { RecordedProfile } from './recorded-profile.ts'

type Named = Pick<RecordedProfile, 'kind' | 'startedAtMs' | 'extension'> & {
  readonly target: Pick<RecordedProfile['target'], 'name' | 'pid'>
}

const maxNameLength = 60

const pattern =
  /^(\d{4}-\d\d-\d\dT)(\d\d)(\d\d)(\d\d\.\d{3}Z)_[A-Za-z0-9][A-Za-z0-9.-]*_\d+_[a-z]+(_\d+)?(\.pb\.gz|\.json)$/

/** Beside it, with the name of the profile before it. */
export const noteExtension = '.json'

/** While it is written. */
export const draftExtension = '.draft'

/** `copy`: from 1 on where several would have the same name. */
export function profileFileName(profile: Named, copy: number): string {
  const { kind, startedAtMs, extension, target } = profile
  const time = new Date(startedAtMs).toISOString().replaceAll(':', '')
  const name = target.name.replace(/[^A-Za-z0-9.]+/g, '-').replace(/^[.-]+|-+$/g, '')
  const number = copy === 1 ? '' : `_${copy}`
  return `${time}_${name.slice(0, maxNameLength) || 'unnamed'}_${target.pid}_${kind}${number}${extension}`
}

/** When it was taken, ms since the epoch; undefined where it is no name of ours. */
export function timeOfName(name: string): number | undefined {
  const [, day, hours, minutes, seconds] = pattern.exec(name) ?? []
  const timeMs = Date.parse(`${day}${hours}:${minutes}:${seconds}`)
  return Number.isNaN(timeMs) ? undefined : timeMs
}
