/** All targets of this pprofd: which there are, which one is meant, and the way in and out. */
import { TargetError } from '../errors.ts'
import { findEndpoint } from '../inspector/endpoint.ts'
import { ReceiveBudget } from '../inspector/receive-budget.ts'
import { attachFailure, type ConnectOptions, connect } from './connect.ts'
import { InspectorFinder } from './find-inspector.ts'
import { InspectorDoors } from './inspector-doors.ts'
import { InspectorOpener } from './inspector-opener.ts'
import { InspectorSweeper } from './inspector-sweeper.ts'
import { Ledger } from './ledger.ts'
import { preflight } from './preflight.ts'
import { attachSelf } from './self-target.ts'
import type { Attachment, Preflight, Target } from './target.ts'
import { type DirectoryOptions, TargetDirectory } from './target-directory.ts'
import { TargetFacts } from './target-facts.ts'
import type { TargetRights } from './target-rights.ts'
import { type WarmSession, WarmSessions } from './warm-sessions.ts'

export interface TargetsOptions extends DirectoryOptions {
  /** How long a target may take to answer a command. */
  readonly commandTimeoutMs: number
  /** The largest message, and so the largest profile, that a target may send. */
  readonly maxMessageBytes: number
  /** What the unfinished messages of all targets may take together; undefined: no limit. */
  readonly maxReceivedBytes?: number | undefined
  /** How long a session, and an inspector that pprofd opened, stay after a capture; default: 0. */
  readonly lingerMs?: number | undefined
  /** Folder of the ledger: what is open in targets because of this pprofd. Without one a crash leaves it open. */
  readonly stateFolder?: string | undefined
  readonly procRoot?: string | undefined
}

/** An open port that is no inspector is told apart within this time. */
const portProbeTimeoutMs = 1000

/** How long `close` waits for inspectors that could not be closed at once. */
const lastChanceMs = 2000

export class Targets extends TargetFacts {
  readonly #directory: TargetDirectory
  readonly #finder: InspectorFinder
  /** Shared with the doors; `reconfigure` changes it in place. */
  readonly #connectOptions: ConnectOptions
  readonly #budget = new ReceiveBudget(Number.POSITIVE_INFINITY)
  readonly #sweeper: InspectorSweeper
  readonly #opener: InspectorOpener
  readonly #doors: InspectorDoors
  readonly #warm: WarmSessions
  readonly #attachments = new Set<Attachment>()

  constructor(options: TargetsOptions) {
    const { procRoot = '/proc', commandTimeoutMs, maxMessageBytes, stateFolder } = options
    super(procRoot)
    this.#directory = new TargetDirectory(options, {
      procRoot,
      preflight: (target) => this.preflight(target),
    })
    this.#finder = new InspectorFinder(procRoot)
    this.#budget.maxBytes = options.maxReceivedBytes ?? Number.POSITIVE_INFINITY
    this.#connectOptions = { procRoot, commandTimeoutMs, maxMessageBytes, budget: this.#budget }
    this.#sweeper = new InspectorSweeper(this.#connectOptions, this.#finder)
    this.#opener = new InspectorOpener({
      options: this.#connectOptions,
      finder: this.#finder,
      sweeper: this.#sweeper,
      ledger: new Ledger(stateFolder),
      isInUse: (target) => this.#doors.isInUse(target),
    })
    this.#doors = new InspectorDoors(this.#opener)
    this.#warm = new WarmSessions(options.lingerMs ?? 0)
  }

  /** Sessions that captures began with: new ones, and kept ones. */
  readonly attaches = { cold: 0, warm: 0 }

  /** How many inspectors may be open because of pprofd although nobody uses them. */
  get inspectorsLeftOpen(): number {
    return this.#sweeper.pending
  }

  /** Takes over new options, but for the folders; what is attached stays attached. */
  reconfigure(options: TargetsOptions): void {
    const { commandTimeoutMs, maxMessageBytes, lingerMs = 0 } = options
    this.#directory.options = options
    this.#warm.lingerMs = lingerMs
    Object.assign(this.#connectOptions, { commandTimeoutMs, maxMessageBytes })
    this.#budget.maxBytes = options.maxReceivedBytes ?? Number.POSITIVE_INFINITY
  }

  /** Closes what crashed pprofds have left open in their targets, now or as soon as it can be. */
  recover(): Promise<void> {
    return this.#opener.recover()
  }

  /** What can be asked for now: configured targets that run, then the other Node processes, then pprofd. */
  list(rights?: TargetRights): Promise<readonly Target[]> {
    return this.#directory.list(rights)
  }

  /** Those that the configuration opts in to being scraped and watched: its targets, and `discover.match`. */
  optedIn(rights?: TargetRights): Promise<readonly Target[]> {
    return this.#directory.optedIn(rights)
  }

  /** Whether it is one of them. */
  isOptedIn(target: Target): boolean {
    return this.#directory.isOptedIn(target)
  }

  /**
   * The target that a name, a pid, an instance id or `self` means; without one, the default target.
   * @throws {TargetError} target-unknown, target-ambiguous, target-vanished or target-forbidden.
   */
  resolve(selector: string | undefined, rights?: TargetRights): Promise<Target> {
    return this.#directory.resolve(selector, rights)
  }

  /** @throws {TargetError} target-forbidden where the configuration does not allow that profile of it. */
  checkAllowed(target: Target, profile: string): void {
    if (target.rights?.deny.includes(profile)) {
      const message = `the configuration allows you no ${profile}: ${profile} is among what access.deny denies to other users than root and pprofd's own`
      throw new TargetError('target-forbidden', message)
    }
    const allowed = this.#directory.allowedProfiles(target)
    if (allowed === undefined || allowed.includes(profile)) return
    const message = `the configuration allows no ${profile} of ${target.id}: ${profile} is not among its profiles`
    throw new TargetError('target-forbidden', message)
  }

  /** The Node processes below a target that may be profiled, as far as they are known. */
  descendants(target: Target): Promise<readonly Target[]> {
    return this.#directory.descendants(target)
  }

  /** What attaching would do, and why not. Changes nothing. */
  preflight(target: Target): Promise<Preflight> {
    return preflight(target, { procRoot: this.procRoot, finder: this.#finder })
  }

  /** Whether it has a command of ours in hand: a pause may be our doing. */
  awaitsAnswer(target: Target): boolean {
    return this.#attachmentsOf(target).some(({ session }) => session.isAwaiting)
  }

  /** Whether we have a session with it, at work or not. */
  isAttached(target: Target): boolean {
    return this.#attachmentsOf(target).length > 0
  }

  /** @throws {TargetError} target-refused, target-vanished or attach-failed. */
  async attach(
    target: Target,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Attachment> {
    signal?.throwIfAborted()
    const attachment = await this.#attach(target, signal)
    this.#attachments.add(attachment)
    return attachment
  }

  /** Detaches whatever is attached still. Returns how many inspectors may be left open. */
  async close(): Promise<number> {
    await this.#warm.close()
    await Promise.allSettled([...this.#attachments].map((attachment) => attachment.detach()))
    return this.#sweeper.stop(lastChanceMs)
  }

  #attachmentsOf({ pid, startTimeTicks }: Target): readonly Attachment[] {
    return [...this.#attachments].filter(
      ({ target }) => target.pid === pid && target.startTimeTicks === startTimeTicks,
    )
  }

  async #attach(target: Target, signal: AbortSignal | undefined): Promise<Attachment> {
    switch (target.kind) {
      case 'self': {
        const attachment = await attachSelf(target, this.#connectOptions.commandTimeoutMs)
        return this.#tracked(attachment, attachment.detach)
      }
      case 'port':
        return this.#attachByPort(target, signal)
      case 'process':
        return this.#attachToProcess(target, signal)
    }
  }

  async #attachToProcess(target: Target, signal: AbortSignal | undefined): Promise<Attachment> {
    const startedMs = performance.now()
    const kept = this.#warm.take(target)
    const warm = kept ?? (await this.#enter(target, signal))
    if (kept !== undefined) this.attaches.warm++
    else this.attaches.cold++
    const attachMs = performance.now() - startedMs
    return this.#tracked({ target, ...warm, attachMs }, (options) =>
      options?.forGood ? warm.leave() : this.#warm.keep(target, warm),
    )
  }

  async #enter(target: Target, signal: AbortSignal | undefined): Promise<WarmSession> {
    try {
      return await this.#connect(target, signal)
    } catch (error) {
      throw await attachFailure(target, error, this.procRoot)
    }
  }

  async #connect(target: Target, signal: AbortSignal | undefined): Promise<WarmSession> {
    const door = await this.#doors.enter(target)
    try {
      const options = { ...this.#connectOptions, signal }
      const { session, nodeVersion } = await connect(target, door.endpoint, options)
      const leave = () => this.#doors.leave(target, door, session)
      return { session, nodeVersion, openedByUs: door.entry !== undefined, leave }
    } catch (error) {
      await this.#doors.leave(target, door, undefined)
      throw error
    }
  }

  async #attachByPort(target: Target, signal: AbortSignal | undefined): Promise<Attachment> {
    const startedMs = performance.now()
    const endpoint = await findEndpoint(target.port ?? 0, portProbeTimeoutMs)
    if (endpoint === undefined) {
      const message = `no inspector answers on 127.0.0.1:${target.port} (target ${target.id})`
      throw new TargetError('attach-failed', message)
    }
    try {
      const options = { ...this.#connectOptions, signal }
      const { session, nodeVersion } = await connect(target, endpoint, options)
      this.attaches.cold++
      const attachMs = performance.now() - startedMs
      const facts = { target, session, nodeVersion, openedByUs: false, attachMs }
      return this.#tracked(facts, () => session.close())
    } catch (error) {
      throw await attachFailure(target, error, this.procRoot)
    }
  }

  /** Makes `detach` safe to call twice and lets `close` find what is attached. */
  #tracked(facts: Omit<Attachment, 'detach'>, detach: Attachment['detach']): Attachment {
    let detached: Promise<void> | undefined
    const attachment: Attachment = {
      ...facts,
      detach: (options) => {
        detached ??= detach(options).finally(() => this.#attachments.delete(attachment))
        return detached
      },
    }
    return attachment
  }
}
