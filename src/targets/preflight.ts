/**
 * Everything that must hold before a process is touched. SIGUSR1 kills what does not catch it, and an
 * inspector can run any code in its target, so each doubt is a refusal, with its reason in words.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { readExecutable } from '../proc/executable.ts'
import { isEnded, readProcessStat } from '../proc/process-stat.ts'
import { readProcessStatus } from '../proc/process-status.ts'
import { checkPort } from './check-port.ts'
import { checkWorkers } from './cluster-workers.ts'
import type { InspectorFinder, OpenInspector } from './find-inspector.ts'
import { checkNetwork } from './network.ts'
import { nodeOptions } from './node-options.ts'
import { estimatePause } from './pause-estimate.ts'
import { judgeSignal } from './signal-disposition.ts'
import type { Check, Preflight, Target } from './target.ts'

export interface PreflightResult extends Preflight {
  /** The inspector that is open already. */
  readonly openInspector: OpenInspector | undefined
}

interface PreflightOptions {
  readonly procRoot: string
  readonly finder: InspectorFinder
  /** How long the port may take to become free; default: 0. */
  readonly portWaitMs?: number | undefined
  /**
   * Of a process that is going to be signalled: `waiting` for its turn at the port, which is left out then, or
   * `ready`, when it was found a moment ago that no inspector is open. Without, everything is looked at.
   */
  readonly stage?: 'waiting' | 'ready' | undefined
}

/** A Node blocks SIGUSR1 in its first 180-500 ms on a loaded machine, before its handler stands. */
const startUpWaitMs = 1000
const startUpPollMs = 25

/** Changes nothing in the target; asks its loopback listeners for `/json/list` at most once each. */
export async function preflight(
  target: Target,
  { procRoot, finder, portWaitMs, stage }: PreflightOptions,
): Promise<PreflightResult> {
  if (target.kind === 'port') return byPort(target)
  const status = await readProcessStatus(target.pid, procRoot)
  const estimatedPause = status && estimatePause(status.anonymousBytes)
  if (target.kind === 'self') return { ...inProcess(target), estimatedPause }

  const checks: Check[] = []
  const begun = { ...nothingYet(target, checks), estimatedPause }
  const refused = (): PreflightResult => ({ ...begun, refusal: checks.at(-1)?.detail })
  const passes = async (check: Check | Promise<Check>) => {
    checks.push(await check)
    return checks.at(-1)?.ok === true
  }

  if (!(await passes(checkRunning(target, procRoot)))) return refused()
  if (!(await passes(checkNode(target, procRoot)))) return refused()
  if (!(await passes(checkNetwork(target, procRoot)))) return refused()

  const found = stage === 'ready' ? undefined : await finder.find(target)
  if (found !== undefined) {
    checks.push({
      name: 'inspector',
      ok: true,
      detail: `its inspector is open already on port ${found.socket.port}; pprofd uses it and leaves it open`,
    })
    const warnings = found.socket.isLoopback
      ? ['an open inspector lets every user of this machine run code in the process']
      : [`its inspector is open to other machines (${found.socket.address}:${found.socket.port})`]
    const via = { via: 'open-inspector', port: found.socket.port } as const
    return {
      ...begun,
      ...via,
      attachable: true,
      warnings,
      openInspector: found,
    }
  }

  if (!(await passes(checkMaySignal(target)))) return refused()
  if (!(await passes(checkSignal(target, procRoot)))) return refused()
  if (!(await passes(checkWorkers(target.pid, procRoot)))) return refused()
  const expected = await finder.expectedAddress(target)
  const isFree = () => checkPort(target, expected, procRoot, portWaitMs)
  if (stage !== 'waiting' && !(await passes(isFree()))) return refused()
  return {
    ...begun,
    attachable: true,
    via: 'signal',
    port: expected.port,
    warnings: [
      `while a capture runs, its inspector listens on ${expected.host}:${expected.port || '(any port)'}, ` +
        'open to every user of this machine; Node reports that on its stderr',
    ],
  }
}

async function checkRunning(target: Target, procRoot: string): Promise<Check> {
  const name = 'running'
  const { pid } = target
  const [stat, status] = await Promise.all([
    readProcessStat(pid, procRoot),
    readProcessStatus(pid, procRoot),
  ])
  if (stat === undefined || status === undefined || isEnded(stat)) {
    return { name, ok: false, detail: `process ${pid} has ended` }
  }
  if (stat.startTimeTicks !== target.startTimeTicks) {
    return { name, ok: false, detail: `process ${pid} has ended and its pid is another one's now` }
  }
  if (stat.isKernelThread) return { name, ok: false, detail: `${pid} is a kernel thread` }
  if (stat.state === 'T') {
    return {
      name,
      ok: false,
      detail: `process ${pid} is stopped; continue it first: kill -CONT ${pid}`,
    }
  }
  if (stat.state === 't' || status.tracerPid !== 0) {
    const detail = `process ${pid} is held by a debugger or tracer (pid ${status.tracerPid})`
    return { name, ok: false, detail }
  }
  return { name, ok: true, detail: `process ${pid} runs (state ${stat.state})` }
}

async function checkNode(target: Target, procRoot: string): Promise<Check> {
  const name = 'node'
  const executable = await readExecutable(target.pid, procRoot)
  const path = executable?.path || 'its executable'
  switch (executable?.runtime) {
    case 'node':
      return { name, ok: true, detail: `${path} is Node.js` }
    case 'node-embedder':
      if (target.configured) return { name, ok: true, detail: `${path} embeds Node.js` }
      return {
        name,
        ok: false,
        detail: `${path} embeds Node.js under another name; name the process under targets in the configuration to allow it`,
      }
    case 'unreadable':
      return {
        name,
        ok: false,
        detail: `not allowed to look at the executable of process ${target.pid}; run pprofd as its user (uid ${target.uid}) or as root`,
      }
    default:
      return { name, ok: false, detail: `${path} is not Node.js` }
  }
}

function checkMaySignal({ pid, uid, maySignal }: Target): Check {
  const name = 'permission'
  if (!maySignal) {
    const detail =
      'its inspector is closed and the configuration forbids to signal it (signal: false)'
    return { name, ok: false, detail }
  }
  try {
    process.kill(pid, 0)
    return { name, ok: true, detail: 'pprofd may signal it' }
  } catch {
    const detail = `not allowed to signal process ${pid}; run pprofd as its user (uid ${uid}) or as root`
    return { name, ok: false, detail }
  }
}

async function checkSignal(target: Target, procRoot: string): Promise<Check> {
  const { pid, argv } = target
  const flags = [...(await nodeOptions(target, procRoot)).split(/\s+/), ...argv]
  const deadline = performance.now() + startUpWaitMs
  for (;;) {
    const status = await readProcessStatus(pid, procRoot)
    const verdict = judgeSignal(pid, status, flags)
    if (!verdict.mayChange || performance.now() > deadline) return verdict.check
    await sleep(startUpPollMs)
  }
}

function inProcess(target: Target): PreflightResult {
  const checks = [{ name: 'self', ok: true, detail: 'pprofd profiles itself without a port' }]
  return { ...nothingYet(target, checks), attachable: true, via: 'in-process' }
}

function byPort(target: Target): PreflightResult {
  const detail = `the configuration names its open inspector, port ${target.port}`
  const checks = [{ name: 'inspector', ok: true, detail }]
  const via = { via: 'open-inspector', port: target.port } as const
  return { ...nothingYet(target, checks), ...via, attachable: true }
}

function nothingYet(target: Target, checks: readonly Check[]): PreflightResult {
  return {
    target,
    attachable: false,
    via: undefined,
    port: undefined,
    checks,
    refusal: undefined,
    estimatedPause: undefined,
    warnings: [],
    openInspector: undefined,
  }
}
