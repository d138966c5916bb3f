/** /proc/PID/status (proc_pid_status(5)): owner, pid inside its namespaces, signal masks. */
import { readProcFile } from './proc-file.ts'

export interface ProcessStatus {
  /** Effective uid. */
  readonly uid: number
  /** Whether the real, saved or file system uid is another. */
  readonly hasMixedUids: boolean
  /** The pid as the process itself sees it (last entry of NSpid). */
  readonly innermostPid: number
  /** Bit n-1 stands for signal n. */
  readonly caughtSignals: bigint
  readonly blockedSignals: bigint
  /** Bit n stands for capability n. */
  readonly effectiveCapabilities: bigint
  /** Resident memory that no file backs, in bytes: the heaps, mostly. */
  readonly anonymousBytes: number
  /** Pid of a debugger that holds the process by ptrace; 0 when none does. */
  readonly tracerPid: number
}

/** Undefined when there is no such process. */
export async function readProcessStatus(
  pid: number,
  procRoot = '/proc',
): Promise<ProcessStatus | undefined> {
  const text = await readProcFile(`${procRoot}/${pid}/status`)
  return text === undefined ? undefined : parseProcessStatus(text)
}

export function parseProcessStatus(text: string): ProcessStatus | undefined {
  const fields = new Map<string, readonly string[]>()
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':')
    if (colon > 0)
      fields.set(
        line.slice(0, colon),
        line
          .slice(colon + 1)
          .trim()
          .split(/\s+/),
      )
  }
  const uids = fields.get('Uid') ?? []
  const [, uid] = uids
  // Kernels before 4.1 have no NSpid.
  const innermostPid = fields.get('NSpid')?.at(-1) ?? fields.get('Pid')?.[0]
  const caught = fields.get('SigCgt')?.[0]
  const blocked = fields.get('SigBlk')?.[0]
  if (!uid || !innermostPid || !caught || !blocked) return undefined
  return {
    uid: Number(uid),
    hasMixedUids: uids.some((other) => other !== uid),
    innermostPid: Number(innermostPid),
    caughtSignals: BigInt(`0x${caught}`),
    blockedSignals: BigInt(`0x${blocked}`),
    effectiveCapabilities: BigInt(`0x${fields.get('CapEff')?.[0] ?? '0'}`),
    // In kB, which here are KiB; absent before Linux 4.5.
    anonymousBytes: Number(fields.get('RssAnon')?.[0] ?? 0) * 1024,
    tracerPid: Number(fields.get('TracerPid')?.[0] ?? 0),
  }
}
