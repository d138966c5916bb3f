/** What SIGUSR1 would do to a process, read from its signal masks without sending it. */
import type { ProcessStatus } from '../proc/process-status.ts'
import type { Check } from './target.ts'

export interface SignalVerdict {
  readonly check: Check
  /** A process that is only starting looks like this, too: look again in a moment. */
  readonly mayChange: boolean
  /** The signal would end the process. */
  readonly wouldKill: boolean
}

/** SIGUSR1 is signal 10 on Linux x64 and arm64. */
const sigusr1 = 1n << 9n

/** `flags`: the process's arguments and the words of its NODE_OPTIONS. */
export function judgeSignal(
  pid: number,
  status: ProcessStatus | undefined,
  flags: readonly string[],
): SignalVerdict {
  if (status === undefined) return refuse(`process ${pid} has ended`)
  const caught = (status.caughtSignals & sigusr1) !== 0n
  const blocked = (status.blockedSignals & sigusr1) !== 0n
  if (!caught && blocked) return refuse(`process ${pid} ${whyBlocked(flags)}`, { mayChange: true })
  if (!caught) {
    return refuse(`SIGUSR1 would kill process ${pid}: Node's handler for it is gone`, {
      wouldKill: true,
    })
  }
  if (blocked) return refuse(`process ${pid} blocks SIGUSR1`)
  const check = { name: 'signal', ok: true, detail: 'it handles SIGUSR1' }
  return { check, mayChange: false, wouldKill: false }
}

/**
 * The mask decides, the flags only explain: under the permission model Node blocks the signal, as seen
 * on 20, 22, 24 and 26 (there not with --allow-inspector), but the application may have such a flag, too.
 */
function whyBlocked(flags: readonly string[]): string {
  const restricted = flags.some((flag) => /^--(experimental-)?permission$/.test(flag))
  return restricted
    ? "ignores SIGUSR1: it runs under Node's permission model, which keeps its inspector shut"
    : 'ignores SIGUSR1 (started with --disable-sigusr1, or starting still)'
}

function refuse(detail: string, what: Partial<SignalVerdict> = {}): SignalVerdict {
  return {
    check: { name: 'signal', ok: false, detail },
    mayChange: false,
    wouldKill: false,
    ...what,
  }
}
