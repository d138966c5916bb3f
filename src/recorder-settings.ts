/** What the configuration says to the recorder. */
import { join } from 'node:path'
import { readToken } from './access/token-file.ts'
import type { Config } from './config/config.ts'
import type { PushOptions } from './config/recorder-options.ts'
import { stateFolder } from './config/state-folder.ts'
import type { FlightOptions } from './recorder/flight-recorder.ts'
import type { Authorization } from './recorder/push/outgoing.ts'
import type { PushSettings } from './recorder/push/push.ts'
import type { RecorderFolders, RecorderSettings } from './recorder/recorder.ts'
import type { StallOptions } from './recorder/stall-watch.ts'

/** @throws {InputError} config-invalid where the token cannot be read now. */
export async function recorderSettings({ spool, push }: Config): Promise<RecorderSettings> {
  const { maxBytes, maxAgeHours } = spool
  const maxAgeMs = maxAgeHours === undefined ? undefined : maxAgeHours * 3_600_000
  const settings = pushSettings(push)
  await settings?.authorization?.()
  return { spool: { maxBytes, maxAgeMs }, push: settings }
}

export function recorderFolders(
  { spool, stateDir }: Config,
  env: Readonly<Record<string, string | undefined>>,
): RecorderFolders {
  const folder = spool.dir ?? join(stateFolder(stateDir, env), 'spool')
  return { spool: folder, outgoing: join(folder, 'outgoing') }
}

function pushSettings(options: PushOptions): PushSettings | undefined {
  const { url, format, every, profiles, seconds, tenant, tokenFile, user, maxQueueBytes } = options
  if (url === undefined) return undefined
  const authorization =
    tokenFile === undefined ? undefined : () => readAuthorization(tokenFile, user)
  return {
    url: url.replace(/\/+$/, ''),
    format,
    everyMs: every * 1000,
    profiles,
    seconds,
    tenant,
    authorization,
    maxQueueBytes,
  }
}

async function readAuthorization(file: string, user: string | undefined): Promise<Authorization> {
  // How long it is decides the engine.
  const secret = await readToken(file, { option: 'push.tokenFile', minCharacters: 1 })
  if (user === undefined) return { header: `Bearer ${secret}`, secret }
  const pair = Buffer.from(`${user}:${secret}`).toString('base64')
  return { header: `Basic ${pair}`, secret: pair }
}

/** What is recorded before anybody asks. */
export function flightOptions({ record, targets, limits }: Config): FlightOptions {
  const { continuous, scraped, door, hz, seconds, maxBytes } = record
  return {
    continuous,
    continuousTargets: targets.some((target) => target.record?.continuous === true),
    scraped,
    door,
    hz,
    keepSeconds: seconds,
    maxBytes,
    maxPauseMs: limits.maxPauseMs,
  }
}

/** A daemon that is switched off touches nobody. */
export function stallOptions({ enabled, stalls }: Config): StallOptions {
  const { threshold, cooldown, perHour } = stalls
  return { thresholdMs: enabled ? threshold : 0, cooldownMs: cooldown * 1000, perHour }
}
