/** What must hold, and be written down, before a process is signalled; most of it while another one has its turn. */
import { TargetError } from '../errors.ts'
import { readBootId } from '../proc/boot-id.ts'
import type { ProcessIdentity } from '../proc/process-identity.ts'
import { readProcessStat } from '../proc/process-stat.ts'
import type { InspectorFinder, OpenInspector } from './find-inspector.ts'
import type { Ledger, LedgerEntry } from './ledger.ts'
import { preflight } from './preflight.ts'
import type { Target } from './target.ts'

export interface ReadinessParts {
  readonly procRoot: string
  readonly finder: InspectorFinder
  readonly ledger: Ledger
}

/** Ready to be signalled, but for what has to be looked at right before. */
export interface Prepared {
  /** A draft in the ledger. */
  readonly entry: LedgerEntry
  readonly atMs: number
}

/** What was found out while another one had its turn holds for so long: a turn takes some 30 ms. */
const freshMs = 250

export class SignalReadiness {
  readonly #parts: ReadinessParts
  #owner: Promise<ProcessIdentity> | undefined

  constructor(parts: ReadinessParts) {
    this.#parts = parts
  }

  /** Undefined where the turn will tell: it is not to be signalled, or not now. */
  async prepare(target: Target, port: number): Promise<Prepared | undefined> {
    const { finder, procRoot } = this.#parts
    const atMs = performance.now()
    const judged = await preflight(target, { procRoot, finder, stage: 'waiting' })
    if (!judged.attachable || judged.openInspector !== undefined) return undefined
    return { entry: await this.#draft(target, port), atMs }
  }

  /**
   * Right before the signal: the inspector that is open already, or undefined where it may be sent. Otherwise
   * what was prepared is gone.
   * @throws {TargetError} target-refused
   */
  async judge(
    target: Target,
    prepared: Prepared | undefined,
    portWaitMs: number,
  ): Promise<OpenInspector | undefined> {
    const { finder, procRoot, ledger } = this.#parts
    const isFresh = prepared !== undefined && performance.now() - prepared.atMs < freshMs
    const stage = isFresh ? 'ready' : undefined
    let maySignal = false
    try {
      const judged = await preflight(target, { procRoot, finder, portWaitMs, stage })
      if (!judged.attachable) throw refusal(target, judged.refusal ?? 'unknown reason')
      maySignal = judged.openInspector === undefined
      return judged.openInspector
    } finally {
      if (!maySignal && prepared !== undefined) await ledger.eraseDraft(prepared.entry)
    }
  }

  /** Whether a process that opened nothing at the first signal may be signalled once more. */
  async isReady(target: Target, portWaitMs: number): Promise<boolean> {
    const { finder, procRoot } = this.#parts
    const judged = await preflight(target, { procRoot, finder, portWaitMs, stage: 'ready' })
    return judged.attachable
  }

  /** The last step before the signal: from now on a crash leaves something to close. */
  async enterLedger(
    target: Target,
    originalPort: number,
    prepared: Prepared | undefined,
  ): Promise<LedgerEntry> {
    const entry = prepared?.entry ?? (await this.#draft(target, originalPort))
    await this.#parts.ledger.confirm(entry)
    return entry
  }

  async #draft(target: Target, originalPort: number): Promise<LedgerEntry> {
    const { pid, startTimeTicks } = target
    const { procRoot, ledger } = this.#parts
    this.#owner ??= ownIdentity(procRoot)
    const bootId = await readBootId(procRoot)
    const owner = await this.#owner
    const openedAtMs = Date.now()
    const entry = { pid, startTimeTicks, bootId, owner, openedAtMs, originalPort }
    await ledger.draft(entry)
    return entry
  }
}

async function ownIdentity(procRoot: string): Promise<ProcessIdentity> {
  const stat = await readProcessStat(process.pid, procRoot)
  return { pid: process.pid, startTimeTicks: stat?.startTimeTicks ?? 0n }
}

/** Where the process has ended meanwhile, `attachFailure` says so. */
function refusal(target: Target, reason: string): TargetError {
  return new TargetError('target-refused', `pprofd does not attach to ${target.id}: ${reason}`, {
    tryNext: `pprofd check ${target.id}`,
  })
}
