/** The target `self`: pprofd, from within. */
import { connectInProcess } from '../inspector/in-process-transport.ts'
import { Session } from '../inspector/session.ts'
import { readProcessStat } from '../proc/process-stat.ts'
import { instanceId } from './instance-id.ts'
import type { Attachment, Target } from './target.ts'

export async function selfTarget(procRoot: string): Promise<Target> {
  const startTimeTicks = (await readProcessStat(process.pid, procRoot))?.startTimeTicks ?? 0n
  return {
    id: 'self',
    instance: await instanceId({ pid: process.pid, startTimeTicks }, procRoot),
    name: 'pprofd',
    kind: 'self',
    pid: process.pid,
    startTimeTicks,
    executable: process.execPath,
    argv: process.argv,
    workingDirectory: process.cwd(),
    uid: process.getuid?.() ?? -1,
    port: undefined,
    configured: false,
    maySignal: false,
  }
}

export async function attachSelf(target: Target, commandTimeoutMs: number): Promise<Attachment> {
  const startedMs = performance.now()
  const session = new Session(await connectInProcess(), { commandTimeoutMs })
  return {
    target,
    session,
    nodeVersion: process.version,
    openedByUs: false,
    attachMs: performance.now() - startedMs,
    detach: () => session.close(),
  }
}
