/** Which targets there are, and which one is meant by a name, a pid or nothing at all. */
import { TargetError } from '../errors.ts'
import { descendantPids } from '../proc/process-tree.ts'
import {
  type ConfiguredTarget,
  configuredProcesses,
  findConfiguredTarget,
  matchesCommandLine,
  switchedOff,
} from './configured-target.ts'
import { chooseDefault } from './default-target.ts'
import { discoverTargets, isNode, readTarget } from './discovery.ts'
import { pidOfInstance } from './instance-id.ts'
import { selfTarget } from './self-target.ts'
import type { Preflight, Target } from './target.ts'
import { mayUse, type TargetRights, withRights } from './target-rights.ts'

export interface DirectoryOptions {
  readonly configured: readonly ConfiguredTarget[]
  readonly defaultTarget?: string | undefined
  /** Whether processes that the configuration does not name may be profiled. */
  readonly discover: boolean
  /** Regular expression for the command lines of those processes that are scraped like configured ones. */
  readonly discoverMatch?: string | undefined
  /** What may be taken of targets that do not say it themselves; undefined: everything. */
  readonly profiles?: readonly string[] | undefined
}

export interface DirectoryParts {
  readonly procRoot: string
  /** Judges the candidates where nobody says which target is meant. */
  readonly preflight: (target: Target) => Promise<Preflight>
}

interface ConfiguredProcess {
  readonly entry: ConfiguredTarget
  readonly target: Target
}

export class TargetDirectory {
  options: DirectoryOptions
  readonly #procRoot: string
  readonly #preflight: DirectoryParts['preflight']

  constructor(options: DirectoryOptions, { procRoot, preflight }: DirectoryParts) {
    this.options = options
    this.#procRoot = procRoot
    this.#preflight = preflight
  }

  /** What can be asked for now: configured targets that run, then the other Node processes, then pprofd. */
  async list(rights?: TargetRights): Promise<readonly Target[]> {
    const discover = this.#discoverOnce()
    const [configured, discovered, self] = await Promise.all([
      this.#configuredProcesses(discover),
      this.options.discover ? discover() : [],
      selfTarget(this.#procRoot),
    ])
    const known = new Set(configured.map(({ target }) => target.pid))
    const enabled = configured.filter(({ entry }) => entry.enabled).map(({ target }) => target)
    const all = [...enabled, ...discovered.filter(({ pid }) => !known.has(pid)), self]
    return all.filter((target) => mayUse(target, rights))
  }

  /** Whether the configuration opts it in to what looks at targets unasked: it lists it, or matches it. */
  isOptedIn({ kind, configured, argv }: Target): boolean {
    if (kind === 'self') return false
    const { discoverMatch } = this.options
    return configured || (discoverMatch !== undefined && matchesCommandLine(discoverMatch, argv))
  }

  /** Those of `list` that are opted in, each process once: as its first entry names it. */
  async optedIn(rights?: TargetRights): Promise<readonly Target[]> {
    const all = this.options.discoverMatch === undefined ? this.#configured() : this.list()
    const targets = (await all).filter((target) => this.isOptedIn(target) && mayUse(target, rights))
    const keys = targets.map(({ pid, id }) => (pid === 0 ? id : pid))
    return targets.filter((_, index) => keys.indexOf(keys[index] ?? '') === index)
  }

  /** Those that the configuration lists and that run now; cheaper than all, where it knows them by more than a match. */
  async #configured(): Promise<readonly Target[]> {
    const processes = await this.#configuredProcesses()
    return processes.filter(({ entry }) => entry.enabled).map(({ target }) => target)
  }

  /** @throws {TargetError} target-unknown, target-ambiguous, target-vanished or target-forbidden. */
  async resolve(selector: string | undefined, rights?: TargetRights): Promise<Target> {
    return withRights(await this.#find(selector, rights), rights)
  }

  /** What the configuration allows to be taken of the target, called as in URLs; undefined: everything. */
  allowedProfiles({ profiles = this.options.profiles }: Target): readonly string[] | undefined {
    return profiles
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
        .map((pid) => this.resolve(String(pid), target.rights).catch(() => undefined)),
    )
    return found.filter((child) => child !== undefined)
  }

  async #find(selector: string | undefined, rights: TargetRights | undefined): Promise<Target> {
    if (selector === undefined) return this.#findDefault(rights)
    if (selector === 'self') return selfTarget(this.#procRoot)
    const entry = this.options.configured.find(({ name }) => name === selector)
    if (entry !== undefined) return findConfiguredTarget(entry, this.#procRoot)
    if (/^\d{1,10}$/.test(selector)) return this.#byPid(Number(selector))
    const pid = pidOfInstance(selector)
    return pid === undefined ? this.#byName(selector, rights) : this.#byInstance(selector, pid)
  }

  async #findDefault(rights: TargetRights | undefined): Promise<Target> {
    const { defaultTarget, configured } = this.options
    if (defaultTarget !== undefined) return this.#find(defaultTarget, rights)
    const [only, ...others] = configured.filter(({ enabled }) => enabled)
    if (only !== undefined && others.length === 0) return this.#find(only.name, rights)
    return chooseDefault(await this.list(rights), this.#preflight, this.#procRoot)
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
      const details = { tryNext: 'pprofd ps' }
      throw new TargetError('target-unknown', `there is no process ${pid}`, details)
    }
    if (this.options.discover) return target
    throw new TargetError(
      'target-forbidden',
      `process ${pid} is not among the configured targets, and discover is off`,
    )
  }

  async #byInstance(instance: string, pid: number): Promise<Target> {
    const target = await this.#byPid(pid).catch((error: unknown) => {
      if (error instanceof TargetError && error.code === 'target-unknown') return undefined
      throw error
    })
    if (target?.instance === instance) return target
    const message =
      target === undefined
        ? `the process ${pid} that ${instance} means has ended`
        : `process ${pid} is not the one that ${instance} means: that has ended`
    throw new TargetError('target-vanished', message)
  }

  async #byName(name: string, rights: TargetRights | undefined): Promise<Target> {
    const discovered = this.options.discover ? await discoverTargets(this.#procRoot) : []
    const [first, ...others] = discovered.filter(
      (target) => target.name === name && mayUse(target, rights),
    )
    if (first === undefined) {
      const message = `there is no target ${JSON.stringify(name.slice(0, 100))}`
      throw new TargetError('target-unknown', message, { tryNext: 'pprofd ps' })
    }
    if (others.length === 0) return first
    const pids = [first, ...others].map(({ pid }) => pid).join(', ')
    const message = `several processes are called ${name}, choose one by its pid: ${pids}`
    throw new TargetError('target-ambiguous', message)
  }

  /** However many entries have to know all processes, they are looked through once. */
  #discoverOnce(): () => Promise<readonly Target[]> {
    let found: Promise<readonly Target[]> | undefined
    return () => {
      found ??= discoverTargets(this.#procRoot)
      return found
    }
  }

  async #configuredProcesses(
    discover = this.#discoverOnce(),
  ): Promise<readonly ConfiguredProcess[]> {
    const found = await Promise.all(
      this.options.configured.map(async (entry) => {
        const targets = await configuredProcesses(entry, this.#procRoot, discover)
        return targets.map((target) => ({ entry, target }))
      }),
    )
    return found.flat()
  }
}
