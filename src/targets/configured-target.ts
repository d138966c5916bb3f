/** Finding the process that an entry of the configuration's `targets` means, anew each time: pids change. */
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
  readonly enabled: boolean
  /** False: never send SIGUSR1. */
  readonly signal: boolean
}

/** @throws {TargetError} target-unknown, target-ambiguous or target-forbidden. */
export async function findConfiguredTarget(
  entry: ConfiguredTarget,
  procRoot: string,
): Promise<Target> {
  if (!entry.enabled) {
    throw new TargetError(
      'target-forbidden',
      `target ${entry.name} is switched off in the configuration (enabled: false)`,
    )
  }
  const naming = { id: entry.name, name: entry.name, maySignal: entry.signal }
  if (entry.port !== undefined) return portTarget(entry, entry.port)
  if (entry.unit !== undefined || entry.match !== undefined) {
    const found = await matchingProcess(entry, procRoot)
    return { ...found, ...naming, configured: true }
  }
  const pid = entry.pid ?? (await pidOfFile(entry.name, entry.pidFile ?? ''))
  const target = await readTarget(pid, procRoot, naming)
  if (target !== undefined) return target
  throw new TargetError('target-unknown', `target ${entry.name} is not running: no process ${pid}`)
}

async function pidOfFile(name: string, path: string): Promise<number> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const message = `target ${name} is not running: its pid file ${path} is unreadable`
    throw new TargetError('target-unknown', message, { cause })
  })
  if (/^\s*[1-9]\d{0,9}\s*$/.test(text)) return Number(text)
  throw new TargetError('target-unknown', `the pid file ${path} of target ${name} holds no pid`)
}

async function matchingProcess(entry: ConfiguredTarget, procRoot: string): Promise<Target> {
  const all = await discoverTargets(procRoot)
  const kept = await Promise.all(all.map((target) => matches(entry, target, procRoot)))
  const [first, ...others] = all.filter((_, index) => kept[index])
  if (first === undefined) {
    throw new TargetError('target-unknown', `no running Node process is target ${entry.name}`)
  }
  if (others.length === 0) return first
  const pids = [first, ...others].map(({ pid }) => pid).join(', ')
  throw new TargetError(
    'target-ambiguous',
    `target ${entry.name} fits several processes, choose one by its pid: ${pids}`,
  )
}

async function matches(
  { unit, match }: ConfiguredTarget,
  target: Target,
  procRoot: string,
): Promise<boolean> {
  if (match !== undefined) return new RegExp(match).test(target.argv.join(' '))
  const cgroup = await readProcFile(`${procRoot}/${target.pid}/cgroup`)
  return cgroup?.split('\n').some((line) => line.split('/').includes(unit ?? '')) ?? false
}

function portTarget({ name, signal }: ConfiguredTarget, port: number): Target {
  return {
    id: name,
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
  }
}
