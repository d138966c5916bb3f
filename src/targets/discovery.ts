/** Node processes of this machine, found under /proc. */
import { setImmediate as turn } from 'node:timers/promises'
import { executablePath, type Runtime, readExecutable } from '../proc/executable.ts'
import { listPids } from '../proc/list-pids.ts'
import { linkAtOnce, readProcFile } from '../proc/proc-file.ts'
import { readArguments, readEnvironment, readWorkingDirectory } from '../proc/process-command.ts'
import type { ProcessIdentity } from '../proc/process-identity.ts'
import { readProcessStat } from '../proc/process-stat.ts'
import { readProcessStatus } from '../proc/process-status.ts'
import { shareLook } from '../proc/shared-look.ts'
import { instanceId } from './instance-id.ts'
import { processName, scriptArgument } from './script-argument.ts'
import { serviceName, systemdUnit } from './service-name.ts'
import { sharedPackageName } from './shared-package-name.ts'
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

/** Processes looked at between two turns of the event loop: some 2 ms. */
const pidsAtOnce = 100

/** All Node processes that the kernel lets us recognise; pprofd itself is not among them. */
export async function discoverTargets(procRoot: string): Promise<readonly Target[]> {
  const pids = (await listPids(procRoot)).filter((pid) => pid !== process.pid)
  const runtimes: Runtimes = new Map()
  const isOne: Promise<boolean>[] = []
  for (const [index, pid] of pids.entries()) {
    if (index % pidsAtOnce === pidsAtOnce - 1) await turn()
    isOne.push(isNodeByPath(pid, procRoot, runtimes))
  }
  const nodes = await Promise.all(isOne)
  const targets = await Promise.all(
    pids.filter((_, index) => nodes[index]).map((pid) => readTarget(pid, procRoot)),
  )
  return targets.filter((target) => target !== undefined)
}

/** What was found out, by path and mounts. */
type Runtimes = Map<string, Promise<Runtime | undefined>>

/** Within one look, files of the same path in the same mounts are one file, and judged once. */
async function isNodeByPath(pid: number, procRoot: string, runtimes: Runtimes): Promise<boolean> {
  const path = linkAtOnce(`${procRoot}/${pid}/exe`)
  if (path === undefined) return false
  const mounts = linkAtOnce(`${procRoot}/${pid}/ns/mnt`)
  const isUnique = mounts === undefined || path.endsWith(' (deleted)')
  const key = isUnique ? String(pid) : `${mounts} ${path}`
  return (await shareLook(runtimes, key, () => readRuntime(pid, procRoot))) === 'node'
}

/** Undefined where nothing was found out: it has ended, or may not be looked at. */
async function readRuntime(pid: number, procRoot: string): Promise<Runtime | undefined> {
  const runtime = (await readExecutable(pid, procRoot))?.runtime
  return runtime === 'unreadable' ? undefined : runtime
}

/** The process as a target, whatever it is: pre-flight judges it. Undefined when there is none. */
export async function readTarget(
  pid: number,
  procRoot: string,
  naming?: TargetNaming,
): Promise<Target | undefined> {
  const [stat, status, argv, workingDirectory] = await Promise.all([
    readProcessStat(pid, procRoot),
    readProcessStatus(pid, procRoot),
    readArguments(pid, procRoot),
    readWorkingDirectory(pid, procRoot),
  ])
  if (stat === undefined || status === undefined || argv === undefined) return undefined
  const identity = { pid, startTimeTicks: stat.startTimeTicks }
  const names = await namesOf(identity, procRoot, { argv, workingDirectory })
  const given = naming?.name ?? names.service
  const name = given ?? processName(argv, stat.comm)
  return {
    id: naming?.id ?? String(pid),
    instance: await instanceId(identity, procRoot),
    name,
    service: given ?? names.package ?? name,
    kind: 'process',
    pid,
    startTimeTicks: stat.startTimeTicks,
    executable: executablePath(pid, procRoot),
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

interface Names {
  readonly service: string | undefined
  readonly package: string | undefined
}

type Command = Pick<Target, 'argv' | 'workingDirectory'>

/** What a process is called does not change while it runs the same program; to find out takes many files. */
const knownNames = new Map<string, Promise<Names>>()
const maxKnownNames = 1000

function namesOf(
  { pid, startTimeTicks }: ProcessIdentity,
  procRoot: string,
  { argv, workingDirectory }: Command,
): Promise<Names> {
  const key = [procRoot, pid, startTimeTicks, workingDirectory, ...argv].join('\0')
  const known = knownNames.get(key)
  if (known !== undefined) return known
  const names = readNames(pid, procRoot, { argv, workingDirectory })
  if (knownNames.size >= maxKnownNames) knownNames.clear()
  knownNames.set(key, names)
  // A failure may pass.
  names.catch(() => knownNames.delete(key))
  return names
}

async function readNames(
  pid: number,
  procRoot: string,
  { argv, workingDirectory }: Command,
): Promise<Names> {
  const service = await readServiceName(pid, procRoot)
  const script = scriptArgument(argv)
  if (service !== undefined || script === undefined) return { service, package: undefined }
  const name = await sharedPackageName(`${procRoot}/${pid}`, workingDirectory, script)
  return { service, package: name }
}

async function readServiceName(pid: number, procRoot: string): Promise<string | undefined> {
  const [environment, cgroup] = await Promise.all([
    readEnvironment(pid, procRoot),
    readProcFile(`${procRoot}/${pid}/cgroup`),
  ])
  return serviceName(environment, systemdUnit(cgroup ?? ''))
}

export async function isNode(pid: number, procRoot: string): Promise<boolean> {
  return (await readRuntime(pid, procRoot)) === 'node'
}
