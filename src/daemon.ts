/** The daemon: configuration, targets and server put together, and the signals that change them. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { destination, type Logger, pino } from 'pino'
import { type AccessRules, accessRules, socketPermissions } from './access/access-rules.ts'
import { GoroutineSnapshots } from './captures/goroutine-snapshots.ts'
import { HeapSamplers } from './captures/heap-samplers.ts'
import { type Config, servedProfiles } from './config/config.ts'
import { stateFolder } from './config/state-folder.ts'
import { refuseInspector } from './own-door.ts'
import type { RecorderSettings } from './recorder/recorder.ts'
import { recorderSettings } from './recorder-settings.ts'
import { Recording } from './recording.ts'
import { buildApp, type ServerOptions } from './server/app.ts'
import { listen } from './server/listen.ts'
import { PassedSocket } from './server/listen-passed.ts'
import { SourceMaps } from './sourcemaps/source-maps.ts'
import { takeServiceEnvironment } from './systemd/service-environment.ts'
import { ServiceManager } from './systemd/service-manager.ts'
import type { Target } from './targets/target.ts'
import { Targets, type TargetsOptions } from './targets/targets.ts'

/** systemd waits 90 s, Docker 10 s; whoever stops us shall not wait longer than 5 s. */
const stopTimeoutMs = 4500

/** Runs until SIGTERM or SIGINT; resolves to the exit code. */
export async function runDaemon(
  load: () => Promise<Config>,
  env: Record<string, string | undefined> = process.env,
): Promise<number> {
  refuseInspector()
  const service = takeServiceEnvironment(env)
  const config = await load()
  const logger = pino({ level: config.log.level }, destination({ dest: 1, sync: true }))
  const manager = new ServiceManager({
    ...service,
    onFailure: (err) => logger.error({ err }, 'systemd could not be told how the daemon is'),
  })
  const access = await accessRules(config.access)
  const recorder = await recorderSettings(config)
  const daemon = new Daemon(config, { access, recorder }, logger, service.passedFd)
  const stopped = nextSignal('SIGTERM', 'SIGINT')
  // Reloads run one after the other, each to its end.
  let reloading: Promise<void> = Promise.resolve()
  const reload = () => {
    reloading = reloading
      .then(() => manager.reloading())
      .then(() => daemon.reload(load))
      .then(() => manager.ready(daemon.status))
  }
  process.on('SIGHUP', reload)
  let signal: NodeJS.Signals
  try {
    await daemon.start()
    await daemon.refuseInspector()
    void manager.ready(daemon.status)
    signal = await stopped.signal
  } finally {
    process.off('SIGHUP', reload)
    stopped.release()
  }
  logger.info({ signal }, 'stopping')
  void manager.stopping()
  const stopping = new AbortController()
  void forceExit(logger, stopping.signal)
  // A reload in its middle would start to listen again after the stop.
  await reloading
  const exitCode = await daemon.stop().finally(() => stopping.abort())
  await manager.close()
  return exitCode
}

/** What of the configuration had to be looked up. */
interface DaemonSettings {
  readonly access: AccessRules
  readonly recorder: RecorderSettings
}

class Daemon {
  #config: Config
  #settings: DaemonSettings
  readonly #logger: Logger
  readonly #targets: Targets
  readonly #heapSamplers: HeapSamplers
  readonly #sourceMaps = new SourceMaps()
  readonly #recording: Recording
  /** The server reads these at each request, so that a reload changes them in place. */
  readonly #serverOptions: ServerOptions
  #app: FastifyInstance | undefined
  /** By systemd; `listen` of the configuration then says nothing. */
  readonly #passed: PassedSocket | undefined
  /** Where it listens, in words. */
  status = 'starting'

  constructor(
    config: Config,
    { access, recorder }: DaemonSettings,
    logger: Logger,
    passedFd: number | undefined,
  ) {
    this.#config = config
    this.#settings = { access, recorder }
    this.#logger = logger
    this.#passed = passedFd === undefined ? undefined : new PassedSocket(passedFd)
    this.#targets = new Targets(targetsOptions(config))
    this.#heapSamplers = new HeapSamplers(this.#targets)
    this.#recording = new Recording(config, recorder, this.#targets, this.#sourceMaps, logger)
    this.#serverOptions = {
      logger,
      recorder: this.#recording,
      limits: { ...config.limits },
      profile: { ...config.profile },
      heap: { ...config.heap },
      goroutine: { ...config.goroutine },
      sources: { sourceMaps: config.sourceMaps },
      access: { ...access },
    }
  }

  async start(): Promise<void> {
    // What a crashed daemon left open does not wait for the first request.
    await this.#targets.recover()
    if (!this.#config.enabled) {
      this.#logger.info('switched off by enabled: false; listening on nothing')
      this.status = 'switched off by enabled: false'
      return
    }
    const services = {
      targets: this.#targets,
      heapSamplers: this.#heapSamplers,
      goroutines: new GoroutineSnapshots(this.#targets),
      sourceMaps: this.#sourceMaps,
      flightRecorder: this.#recording.flightRecorder,
      rules: this.#recording.rules,
      stalls: this.#recording.stalls,
      liveFigures: (target: Target) => this.#recording.flightRecorder.figures(target),
    }
    const app = buildApp(services, this.#serverOptions)
    try {
      const permissions = await socketPermissions(this.#config.access)
      const listening = this.#passed?.listen(app) ?? listen(app, this.#config.listen, permissions)
      const url = await listening
      this.#app = app
      this.#logger.info({ url, bySystemd: this.#passed !== undefined }, 'listening')
      this.status = `listening on ${url}`
    } catch (error) {
      await app.close()
      throw error
    }
    this.#warnOfAccess()
  }

  /** Once more: a signal from before ours was caught may have opened it since. */
  async refuseInspector(): Promise<void> {
    try {
      refuseInspector()
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** A configuration that is wrong changes nothing. */
  async reload(load: () => Promise<Config>): Promise<void> {
    try {
      const config = await load()
      const access = await accessRules(config.access)
      await this.#apply(config, { access, recorder: await recorderSettings(config) })
      this.#logger.info('configuration reloaded')
    } catch (error) {
      this.#logger.error({ err: error }, 'configuration not reloaded')
    }
  }

  async stop(): Promise<number> {
    await this.#app?.close()
    await this.#sourceMaps.close()
    await this.#heapSamplers.close()
    const leftOpen = await this.#targets.close()
    if (leftOpen > 0) this.#logger.error({ leftOpen }, 'inspectors may be left open')
    this.#logger.info('stopped')
    return leftOpen > 0 ? 1 : 0
  }

  async #apply(config: Config, settings: DaemonSettings): Promise<void> {
    const before = this.#config
    const settingsBefore = this.#settings
    await this.#adopt(config, settings)
    const moved = this.#passed === undefined && placeOf(before) !== placeOf(config)
    if (!moved && before.enabled === config.enabled) return
    // Captures that run now end: their clients are connected to an address that goes away.
    await this.#app?.close()
    this.#app = undefined
    try {
      await this.start()
    } catch (error) {
      await this.#adopt(before, settingsBefore)
      await this.start()
      throw error
    }
  }

  async #adopt(config: Config, settings: DaemonSettings): Promise<void> {
    // Who is sampled, and how, may have changed: what is wanted still begins anew.
    void this.#heapSamplers.letGoOfAll()
    this.#config = config
    this.#settings = settings
    this.#logger.level = config.log.level
    this.#targets.reconfigure(targetsOptions(config))
    Object.assign(this.#serverOptions.limits, config.limits)
    Object.assign(this.#serverOptions.profile, config.profile)
    Object.assign(this.#serverOptions.heap, config.heap)
    Object.assign(this.#serverOptions.goroutine, config.goroutine)
    Object.assign(this.#serverOptions.sources, { sourceMaps: config.sourceMaps })
    Object.assign(this.#serverOptions.access, settings.access)
    await this.#recording.reconfigure(config, settings.recorder)
  }

  #warnOfAccess(): void {
    const { listen, access } = this.#config
    const { knowsPeers, token } = this.#serverOptions.access
    if (listen.kind === 'tcp' && !knowsPeers && token === undefined) {
      const message =
        'every user of this machine may use pprofd: only Linux tells who is asking; set access.tokenFile'
      this.#logger.warn(message)
    }
    if (listen.kind === 'unix' && access.socketMode !== '0600' && access.targets === 'own') {
      const message =
        'a unix socket does not tell who is asking: where others than its owner may open it, nobody may use a target unless access.targets is any'
      this.#logger.warn(message)
    }
  }
}

/** What a reload has to listen anew for. */
function placeOf({ listen, access: { socketMode, socketGroup } }: Config): string {
  return JSON.stringify(listen.kind === 'tcp' ? listen : { ...listen, socketMode, socketGroup })
}

function targetsOptions(config: Config): TargetsOptions {
  return {
    configured: config.targets,
    defaultTarget: config.defaultTarget,
    discover: config.discover.enabled,
    discoverMatch: config.discover.match,
    profiles: config.profiles ?? servedProfiles,
    commandTimeoutMs: config.limits.commandTimeoutMs,
    maxMessageBytes: config.limits.maxProfileBytes,
    maxReceivedBytes: config.limits.bytesReceived,
    lingerMs: config.attach.linger * 1000,
    stateFolder: stateFolder(config.stateDir, process.env),
  }
}

interface SignalWait {
  readonly signal: Promise<NodeJS.Signals>
  /** Lets the process end. The signals stay caught: a second one must not cut the stopping short. */
  release(): void
}

/** Waits for the first of the signals. The timer keeps a daemon alive that listens on nothing. */
function nextSignal(...signals: readonly NodeJS.Signals[]): SignalWait {
  const keepAlive = setInterval(() => {}, 2 ** 30)
  const signal = new Promise<NodeJS.Signals>((resolve) => {
    for (const name of signals) process.on(name, resolve)
  })
  return { signal, release: () => clearInterval(keepAlive) }
}

/** Ends the process when the time is up, unless the signal comes first. */
async function forceExit(logger: Logger, signal: AbortSignal): Promise<void> {
  const isTimeUp = await sleep(stopTimeoutMs, true, { signal }).catch(() => false)
  if (!isTimeUp) return
  logger.error('a target did not let go in time; closing the connections as they are')
  process.exit(1)
}
