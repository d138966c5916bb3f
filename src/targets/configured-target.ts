/** Finding the processes that an entry of the configuration's `targets` means, anew each time: pids change. */
import { readFile } from 'node:fs/promises'
import { TargetError } from '../errors.ts'
import { readProcFile } from '../proc/proc-file.ts'
import { discoverTargets, readTarget } from './discovery.ts'
import type { Target } from './target.ts'

export interface ConfiguredTarget {
  readonly name: string
  readonly pid?: number | undefined
  /** File that holds the pid as decimal text. */
  readonly pidFile?: string | undefined
  /** Port of an inspector that is open on 127.0.0.1. */
  readonly port?: number | undefined
  /** systemd unit, such as `shop.service`. */
  readonly unit?: string | undefined
  /** Regular expression that the arguments, joined by blanks, must match. */
  readonly match?: string | undefined
  /** False: its processes are not served, under no name. */
  readonly enabled: boolean
  /** False: never send SIGUSR1. */
  readonly signal: boolean
  /** The profiles that may be taken of it, called as in URLs; undefined: the configuration's default. */
  readonly profiles?: readonly string[] | undefined
  /** `continuous` undefined: as the configuration says for all targets. */
  readonly heap?: { readonly continuous?: boolean | undefined } | undefined
  /** The same. */
  readonly record?: { readonly continuous?: boolean | undefined } | undefined
}

/**
 * The one process that the entry means.
 * @throws {TargetError} target-unknown, target-ambiguous or target-forbidden.
 */
export async function findConfiguredTarget(
  entry: ConfiguredTarget,
  procRoot: string,
): Promise<Target> {
  const { name } = entry
  if (!entry.enabled) throw switchedOff(name)
  const [first, ...others] = await configuredProcesses(entry, procRoot)
  if (first === undefined) {
    const where = entry.pidFile === undefined ? '' : `; its pid file is ${entry.pidFile}`
    throw new TargetError('target-unknown', `target ${name} is not running${where}`)
  }
  if (others.length === 0) return first
  const pids = [first, ...others].map(({ pid }) => pid).join(', ')
  const message = `target ${name} fits several processes, choose one by its pid: ${pids}`
  throw new TargetError('target-ambiguous', message)
}

/** All running processes that the entry means, also where it is switched off. `discover`: all that there are. */
export async function configuredProcesses(
  entry: ConfiguredTarget,
  procRoot: string,
  discover = () => discoverTargets(procRoot),
): Promise<readonly Target[]> {
  const { name, signal, port, profiles } = entry
  const heapContinuous = entry.heap?.continuous
  const recordContinuous = entry.record?.continuous
  const naming = {
    id: name,
    name,
    service: name,
    maySignal: signal,
    profiles,
    heapContinuous,
    recordContinuous,
  }
  if (port !== undefined) return [portTarget(entry, port)]
  if (entry.unit !== undefined || entry.match !== undefined) {
    const all = await discover()
    const kept = await Promise.all(all.map((target) => matches(entry, target, procRoot)))
    const found = all.filter((_, index) => kept[index])
    // A name stands for one process; several keep their pids to be told apart.
    const id = (target: Target) => (found.length === 1 ? name : target.id)
    return found.map((target) => ({ ...target, ...naming, id: id(target), configured: true }))
  }
  const pid = entry.pid ?? (await pidOfFile(entry.pidFile ?? ''))
  const target = pid === undefined ? undefined : await readTarget(pid, procRoot, naming)
  return target === undefined ? [] : [target]
}

/** `match` of the configuration: its arguments, joined by blanks. */
export function matchesCommandLine(match: string, argv: readonly string[]): boolean {
  return new RegExp(match).test(argv.join(' '))
}

export function switchedOff(name: string): TargetError {
  const message = `target ${name} is switched off in the configuration (enabled: false)`
  return new TargetError('target-forbidden', message)
}

/** Undefined where the file is missing or holds anything else: the service does not run. */
async function pidOfFile(path: string): Promise<number | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return /^\s*[1-9]\d{0,9}\s*$/.test(text) ? Number(text) : undefined
}

async function matches(
  { unit, match }: ConfiguredTarget,
  target: Target,
  procRoot: string,
): Promise<boolean> {
  if (match !== undefined) return matchesCommandLine(match, target.argv)
  const cgroup = await readProcFile(`${procRoot}/${target.pid}/cgroup`)
  return cgroup?.split('\n').some((line) => line.split('/').includes(unit ?? '')) ?? false
}

function portTarget(entry: ConfiguredTarget, port: number): Target {
  const { name, signal, profiles, heap, record } = entry
  return {
    id: name,
    instance: '',
    name,
    kind: 'port',
    pid: 0,
    startTimeTicks: 0n,
    executable: '',
    argv: [],
    workingDirectory: '',
    uid: -1,
    port,
    configured: true,
    maySignal: signal,
    profiles,
    heapContinuous: heap?.continuous,
    recordContinuous: record?.continuous,
  }
}
