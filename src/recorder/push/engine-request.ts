/**
 * What the engines want to be sent. Pyroscope's push.v1.PusherService/Push as connect's JSON
 * (https://grafana.com/docs/pyroscope/latest/reference-server-api/), which Alloy's pyroscope.receive_http
 * takes, too, and Parca's ProfileStoreService.WriteRaw (https://github.com/parca-dev/parca/tree/main/proto).
 */
import type { KeptProfile } from '../profile-folder.ts'
import type { ProfileNote } from '../profile-note.ts'
import type { ProfileKind } from '../recorded-profile.ts'

export type EngineFormat = 'pyroscope' | 'parca'

export interface Label {
  readonly name: string
  readonly value: string
}

/** Below the URL of the engine. */
export const enginePaths: Readonly<Record<EngineFormat, string>> = {
  pyroscope: '/push.v1.PusherService/Push',
  parca: '/api/profiles/writeraw',
}

/** As Alloy's pyroscope.scrape calls them, so that what is pushed and what is scraped are one series. */
const seriesNames: Readonly<Record<Exclude<ProfileKind, 'trace'>, string>> = {
  profile: 'process_cpu',
  wall: 'wall',
  heap: 'memory',
  allocs: 'allocs',
  goroutine: 'goroutine',
  block: 'block',
  mutex: 'mutex',
  retained: 'retained',
}

/** Of these, every profile holds only what happened while it was taken. */
const perInterval: ReadonlySet<string> = new Set(['profile', 'wall', 'allocs', 'block', 'mutex'])

/** The JSON text of a request with one profile. */
export function engineBody(
  format: EngineFormat,
  { note, bytes }: KeptProfile,
  host: string,
): string {
  const labels = engineLabels(format, note, host)
  const rawProfile = Buffer.from(bytes).toString('base64')
  const series =
    format === 'pyroscope'
      ? { labels, samples: [{ ID: note.id, rawProfile }] }
      : { labels: { labels }, samples: [{ rawProfile }] }
  return JSON.stringify({ series: [series] })
}

/** Sorted by name, none empty; `host` is this machine's name. */
export function engineLabels(format: EngineFormat, note: ProfileNote, host: string): Label[] {
  const { kind, target, nodeVersion, reason } = note
  const isDelta = format === 'pyroscope' && perInterval.has(kind)
  const labels: Readonly<Record<string, string>> = {
    __name__: kind === 'trace' || kind === 'stall' ? '' : seriesNames[kind],
    __delta__: isDelta ? 'false' : '',
    service_name: target.service,
    instance: `${host}:${target.pid || target.id}`,
    pid: target.pid ? String(target.pid) : '',
    node_version: nodeVersion,
    trigger: triggerOf(reason),
  }
  return Object.entries(labels)
    .map(([name, value]) => ({ name, value: labelValue(value) }))
    .filter(({ value }) => value !== '')
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Of periodic pushes; they have no label for it, and so are in the series that a scraper would make. */
export const periodicReason = 'push'

/** Who took it, without the figures: one series a rule. `rule slow-loop: 812 ms > 500 ms`: `rule slow-loop`. */
function triggerOf(reason: string): string {
  const [who = ''] = reason.split(':')
  return who === periodicReason ? '' : who
}

/** Engines refuse values of more than 2048 bytes, and of what is no UTF-8. */
const maxValueLength = 200

function labelValue(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .trim()
    .slice(0, maxValueLength)
    .replace(/\p{Surrogate}/gu, '\ufffd')
}
