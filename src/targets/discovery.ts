/** Node processes of this machine, found under /proc. */
import { readExecutable } from '../proc/executable.ts'
import { listPids } from '../proc/list-pids.ts'
import { readProcFile } from '../proc/proc-file.ts'
import { readArguments, readEnvironment, readWorkingDirectory } from '../proc/process-command.ts'
import { readProcessStat } from '../proc/process-stat.ts'
import { readProcessStatus } from '../proc/process-status.ts'
import { instanceId } from './instance-id.ts'
import { packageName } from './package-name.ts'
import { processName, scriptArgument } from './script-argument.ts'
import { serviceName, systemdUnit } from './service-name.ts'
import type { Target } from './target.ts'

/** What the configuration adds to what /proc says. */
export interface TargetNaming {
  readonly id: string
  readonly name: string
  readonly maySignal: boolean
  readonly profiles?: readonly string[] | undefined
  readonly heapContinuous?: boolean | undefined
  readonly recordContinuous?: boolean | undefined
}

/** All Node processes that the kernel lets us recognise; pprofd itself is not among them. */
export async function discoverTargets(procRoot: string): Promise<readonly Target[]> {
  const pids = (await listPids(procRoot)).filter((pid) => pid !== process.pid)
  const targets = await Promise.all(pids.map((pid) => nodeTarget(pid, procRoot)))
  return targets.filter((target) => target !== undefined)
}

/** The process as a target, whatever it is: pre-flight judges it. Undefined when there is none. */
export async function readTarget(
  pid: number,
  procRoot: string,
  naming?: TargetNaming,
): Promise<Target | undefined> {
  const [stat, status, executable, argv, workingDirectory, given] = await Promise.all([
    readProcessStat(pid, procRoot),
    readProcessStatus(pid, procRoot),
    readExecutable(pid, procRoot),
    readArguments(pid, procRoot),
    readWorkingDirectory(pid, procRoot),
    naming?.name ?? readServiceName(pid, procRoot),
  ])
  if (stat === undefined || status === undefined || argv === undefined) return undefined
  const name = given ?? processName(argv, stat.comm)
  return {
    id: naming?.id ?? String(pid),
    instance: await instanceId({ pid, startTimeTicks: stat.startTimeTicks }, procRoot),
    name,
    service: given ?? (await readPackageName(pid, procRoot, { argv, workingDirectory })) ?? name,
    kind: 'process',
    pid,
    startTimeTicks: stat.startTimeTicks,
    executable: executable?.path ?? '',
    argv,
    workingDirectory,
    uid: status.uid,
    ...(status.hasMixedUids ? { hasMixedUids: true } : {}),
    port: undefined,
    configured: naming !== undefined,
    maySignal: naming?.maySignal ?? true,
    profiles: naming?.profiles,
    heapContinuous: naming?.heapContinuous,
    recordContinuous: naming?.recordContinuous,
  }
}

async function readPackageName(
  pid: number,
  procRoot: string,
  { argv, workingDirectory }: Pick<Target, 'argv' | 'workingDirectory'>,
): Promise<string | undefined> {
  const script = scriptArgument(argv)
  if (script === undefined) return undefined
  return packageName(`${procRoot}/${pid}/root`, workingDirectory, script)
}

async function readServiceName(pid: number, procRoot: string): Promise<string | undefined> {
  const [environment, cgroup] = await Promise.all([
    readEnvironment(pid, procRoot),
    readProcFile(`${procRoot}/${pid}/cgroup`),
  ])
  return serviceName(environment, systemdUnit(cgroup ?? ''))
}

export async function isNode(pid: number, procRoot: string): Promise<boolean> {
  return (await readExecutable(pid, procRoot))?.runtime === 'node'
}

/** Undefined for anything but a Node. Looks at the executable first: most processes end there. */
async function nodeTarget(pid: number, procRoot: string): Promise<Target | undefined> {
  return (await isNode(pid, procRoot)) ? readTarget(pid, procRoot) : undefined
}
