/** All targets of this pprofd: which there are, which one is meant, and the way in and out. */
import { TargetError } from '../errors.ts'
import { findEndpoint } from '../inspector/endpoint.ts'
import { descendantPids } from '../proc/process-tree.ts'
import {
  type ConfiguredTarget,
  configuredProcesses,
  findConfiguredTarget,
  switchedOff,
} from './configured-target.ts'
import { attachFailure, type ConnectOptions, connect } from './connect.ts'
import { chooseDefault } from './default-target.ts'
import { discoverTargets, isNode, readTarget } from './discovery.ts'
import { InspectorFinder } from './find-inspector.ts'
import { InspectorDoors } from './inspector-doors.ts'
import { InspectorOpener } from './inspector-opener.ts'
import { InspectorSweeper } from './inspector-sweeper.ts'
import { pidOfInstance } from './instance-id.ts'
import { Ledger } from './ledger.ts'
import { preflight } from './preflight.ts'
import { attachSelf, selfTarget } from './self-target.ts'
import type { Attachment, Preflight, Target } from './target.ts'

export interface TargetsOptions {
  readonly configured: readonly ConfiguredTarget[]
  readonly defaultTarget?: string | undefined
  /** Whether processes that the configuration does not name may be profiled. */
  readonly discover: boolean
  /** How long a target may take to answer a command. */
  readonly commandTimeoutMs: number
  /** The largest message, and so the largest profile, that a target may send. */
  readonly maxMessageBytes: number
  /** Folder of the ledger: what is open in targets because of this pprofd. Without one a crash leaves it open. */
  readonly stateFolder?: string | undefined
  readonly procRoot?: string | undefined
}

/** An open port that is no inspector is told apart within this time. */
const portProbeTimeoutMs = 1000

/** How long `close` waits for inspectors that could not be closed at once. */
const lastChanceMs = 2000

export class Targets {
  #options: TargetsOptions
  readonly #procRoot: string
  readonly #finder: InspectorFinder
  /** Shared with the doors; `reconfigure` changes it in place. */
  readonly #connectOptions: ConnectOptions
  readonly #sweeper: InspectorSweeper
  readonly #opener: InspectorOpener
  readonly #doors: InspectorDoors
  readonly #attachments = new Set<Attachment>()

  constructor(options: TargetsOptions) {
    this.#options = options
    this.#procRoot = options.procRoot ?? '/proc'
    this.#finder = new InspectorFinder(this.#procRoot)
    const { commandTimeoutMs, maxMessageBytes } = options
    this.#connectOptions = { procRoot: this.#procRoot, commandTimeoutMs, maxMessageBytes }
    this.#sweeper = new InspectorSweeper(this.#connectOptions, this.#finder)
    this.#opener = new InspectorOpener({
      options: this.#connectOptions,
      finder: this.#finder,
      sweeper: this.#sweeper,
      ledger: new Ledger(options.stateFolder),
      isInUse: (target) => this.#doors.isInUse(target),
    })
    this.#doors = new InspectorDoors(this.#opener)
  }

  /** Takes over new options; what is attached stays attached. */
  reconfigure(options: TargetsOptions): void {
    this.#options = options
    const { commandTimeoutMs, maxMessageBytes } = options
    Object.assign(this.#connectOptions, { commandTimeoutMs, maxMessageBytes })
  }

  /** How many inspectors may be open because of pprofd although nobody uses them. */
  get inspectorsLeftOpen(): number {
    return this.#sweeper.pending
  }

  /** Closes what crashed pprofds have left open in their targets, now or as soon as it can be. */
  recover(): Promise<void> {
    return this.#opener.recover()
  }

  /** What can be asked for now: configured targets that run, then the other Node processes, then pprofd. */
  async list(): Promise<readonly Target[]> {
    const [configured, discovered, self] = await Promise.all([
      this.#configuredProcesses(),
      this.#options.discover ? discoverTargets(this.#procRoot) : [],
      selfTarget(this.#procRoot),
    ])
    const known = new Set(configured.map(({ target }) => target.pid))
    const enabled = configured.filter(({ entry }) => entry.enabled).map(({ target }) => target)
    return [...enabled, ...discovered.filter(({ pid }) => !known.has(pid)), self]
  }

  /**
   * The target that a name, a pid, an instance id or `self` means; without one, the default target.
   * @throws {TargetError} target-unknown, target-ambiguous or target-forbidden.
   */
  async resolve(selector: string | undefined): Promise<Target> {
    if (selector === undefined) return this.#resolveDefault()
    if (selector === 'self') return selfTarget(this.#procRoot)
    const entry = this.#options.configured.find(({ name }) => name === selector)
    if (entry !== undefined) return findConfiguredTarget(entry, this.#procRoot)
    if (/^\d{1,10}$/.test(selector)) return this.#byPid(Number(selector))
    const pid = pidOfInstance(selector)
    return pid === undefined ? this.#byName(selector) : this.#byInstance(selector, pid)
  }

  /** The Node processes below a target that may be profiled, as far as they are known. */
  async descendants(target: Target): Promise<readonly Target[]> {
    if (target.kind !== 'process') return []
    const pids = await descendantPids(target.pid, this.#procRoot)
    const nodes = await Promise.all(pids.map((pid) => isNode(pid, this.#procRoot)))
    const found = await Promise.all(
      pids
        .filter((_, index) => nodes[index])
        // Not allowed, or gone again.
        .map((pid) => this.resolve(String(pid)).catch(() => undefined)),
    )
    return found.filter((child) => child !== undefined)
  }

  /** What attaching would do, and why not. Changes nothing. */
  preflight(target: Target): Promise<Preflight> {
    return preflight(target, { procRoot: this.#procRoot, finder: this.#finder })
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
    await Promise.allSettled([...this.#attachments].map((attachment) => attachment.detach()))
    return this.#sweeper.stop(lastChanceMs)
  }

  async #attach(target: Target, signal: AbortSignal | undefined): Promise<Attachment> {
    switch (target.kind) {
      case 'self': {
        const attachment = await attachSelf(target, this.#options.commandTimeoutMs)
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
    const door = await this.#doors.enter(target)
    try {
      const options = { ...this.#connectOptions, signal }
      const { session, nodeVersion } = await connect(target, door.endpoint, options)
      const attachMs = performance.now() - startedMs
      const openedByUs = door.entry !== undefined
      return this.#tracked({ target, session, nodeVersion, openedByUs, attachMs }, () =>
        this.#doors.leave(target, door, session),
      )
    } catch (error) {
      await this.#doors.leave(target, door, undefined)
      throw attachFailure(target, error)
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
      const attachMs = performance.now() - startedMs
      const facts = { target, session, nodeVersion, openedByUs: false, attachMs }
      return this.#tracked(facts, () => session.close())
    } catch (error) {
      throw attachFailure(target, error)
    }
  }

  /** Makes `detach` safe to call twice and lets `close` find what is attached. */
  #tracked(facts: Omit<Attachment, 'detach'>, detach: () => Promise<void>): Attachment {
    let detached: Promise<void> | undefined
    const attachment: Attachment = {
      ...facts,
      detach: () => {
        detached ??= detach().finally(() => this.#attachments.delete(attachment))
        return detached
      },
    }
    return attachment
  }

  async #resolveDefault(): Promise<Target> {
    const { defaultTarget, configured } = this.#options
    if (defaultTarget !== undefined) return this.resolve(defaultTarget)
    const [only, ...others] = configured.filter(({ enabled }) => enabled)
    if (only !== undefined && others.length === 0) return this.resolve(only.name)
    return chooseDefault(await this.list(), (target) => this.preflight(target), this.#procRoot)
  }

  async #byPid(pid: number): Promise<Target> {
    // From within, no port is opened for it.
    if (pid === process.pid) return selfTarget(this.#procRoot)
    // A configured target keeps its name and its rules when asked for by pid.
    const all = await this.#configuredProcesses()
    const configured = all.find(({ target }) => target.pid === pid)
    if (configured?.entry.enabled === false) throw switchedOff(configured.entry.name)
    if (configured !== undefined) return configured.target
    const target = await readTarget(pid, this.#procRoot)
    if (target === undefined) {
      throw new TargetError('target-unknown', `there is no process ${pid}`, {
        tryNext: 'pprofd ps',
      })
    }
    if (this.#options.discover) return target
    throw new TargetError(
      'target-forbidden',
      `process ${pid} is not among the configured targets, and discover is off`,
    )
  }

  async #byInstance(instance: string, pid: number): Promise<Target> {
    const target = await this.#byPid(pid)
    if (target.instance === instance) return target
    const message = `process ${pid} is not the one that ${instance} means: that has ended`
    throw new TargetError('target-vanished', message)
  }

  async #byName(name: string): Promise<Target> {
    const discovered = this.#options.discover ? await discoverTargets(this.#procRoot) : []
    const [first, ...others] = discovered.filter((target) => target.name === name)
    if (first === undefined) {
      const message = `there is no target ${JSON.stringify(name.slice(0, 100))}`
      throw new TargetError('target-unknown', message, { tryNext: 'pprofd ps' })
    }
    if (others.length === 0) return first
    const pids = [first, ...others].map(({ pid }) => pid).join(', ')
    const message = `several processes are called ${name}, choose one by its pid: ${pids}`
    throw new TargetError('target-ambiguous', message)
  }

  async #configuredProcesses(): Promise<readonly ConfiguredProcess[]> {
    const found = await Promise.all(
      this.#options.configured.map(async (entry) => {
        const targets = await configuredProcesses(entry, this.#procRoot)
        return targets.map((target) => ({ entry, target }))
      }),
    )
    return found.flat()
  }
}

interface ConfiguredProcess {
  readonly entry: ConfiguredTarget
  readonly target: Target
}
