/** The daemon: configuration, targets and server put together, and the signals that change them. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { destination, type Logger, pino } from 'pino'
import { GoroutineSnapshots } from './captures/goroutine-snapshots.ts'
import { HeapSamplers } from './captures/heap-samplers.ts'
import { type Config, servedProfiles } from './config/config.ts'
import { stateFolder } from './config/state-folder.ts'
import { buildApp, type ServerOptions } from './server/app.ts'
import { listen } from './server/listen.ts'
import { SourceMaps } from './sourcemaps/source-maps.ts'
import { Targets, type TargetsOptions } from './targets/targets.ts'

/** systemd waits 90 s, Docker 10 s; whoever stops us shall not wait longer than 5 s. */
const stopTimeoutMs = 4500

/** Runs until SIGTERM or SIGINT; resolves to the exit code. */
export async function runDaemon(load: () => Promise<Config>): Promise<number> {
  const config = await load()
  const logger = pino({ level: config.log.level }, destination({ dest: 1, sync: true }))
  const daemon = new Daemon(config, logger)
  const stopped = nextSignal('SIGTERM', 'SIGINT')
  // Reloads run one after the other, each to its end.
  let reloading: Promise<void> = Promise.resolve()
  const reload = () => {
    reloading = reloading.then(() => daemon.reload(load))
  }
  process.on('SIGHUP', reload)
  let signal: NodeJS.Signals
  try {
    await daemon.start()
    signal = await stopped.signal
  } finally {
    process.off('SIGHUP', reload)
    stopped.release()
  }
  logger.info({ signal }, 'stopping')
  const stopping = new AbortController()
  void forceExit(logger, stopping.signal)
  // A reload in its middle would start to listen again after the stop.
  await reloading
  return daemon.stop().finally(() => stopping.abort())
}

class Daemon {
  #config: Config
  readonly #logger: Logger
  readonly #targets: Targets
  readonly #heapSamplers: HeapSamplers
  readonly #sourceMaps = new SourceMaps()
  /** The server reads these at each request, so that a reload changes them in place. */
  readonly #serverOptions: ServerOptions
  #app: FastifyInstance | undefined

  constructor(config: Config, logger: Logger) {
    this.#config = config
    this.#logger = logger
    this.#targets = new Targets(targetsOptions(config))
    this.#heapSamplers = new HeapSamplers(this.#targets)
    this.#serverOptions = {
      logger,
      limits: { ...config.limits },
      profile: { ...config.profile },
      heap: { ...config.heap },
      goroutine: { ...config.goroutine },
      sources: { sourceMaps: config.sourceMaps },
    }
  }

  async start(): Promise<void> {
    // What a crashed daemon left open does not wait for the first request.
    await this.#targets.recover()
    if (!this.#config.enabled) {
      this.#logger.info('switched off by enabled: false; listening on nothing')
      return
    }
    const services = {
      targets: this.#targets,
      heapSamplers: this.#heapSamplers,
      goroutines: new GoroutineSnapshots(this.#targets),
      sourceMaps: this.#sourceMaps,
    }
    const app = buildApp(services, this.#serverOptions)
    const url = await listen(app, this.#config.listen)
    this.#app = app
    this.#logger.info({ url }, 'listening')
  }

  /** A configuration that is wrong changes nothing. */
  async reload(load: () => Promise<Config>): Promise<void> {
    try {
      await this.#apply(await load())
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

  async #apply(config: Config): Promise<void> {
    const before = this.#config
    this.#adopt(config)
    const moved = JSON.stringify(before.listen) !== JSON.stringify(config.listen)
    if (!moved && before.enabled === config.enabled) return
    // Captures that run now end: their clients are connected to an address that goes away.
    await this.#app?.close()
    this.#app = undefined
    try {
      await this.start()
    } catch (error) {
      this.#adopt(before)
      await this.start()
      throw error
    }
  }

  #adopt(config: Config): void {
    // Who is sampled, and how, may have changed: what is wanted still begins anew.
    void this.#heapSamplers.letGoOfAll()
    this.#config = config
    this.#logger.level = config.log.level
    this.#targets.reconfigure(targetsOptions(config))
    Object.assign(this.#serverOptions.limits, config.limits)
    Object.assign(this.#serverOptions.profile, config.profile)
    Object.assign(this.#serverOptions.heap, config.heap)
    Object.assign(this.#serverOptions.goroutine, config.goroutine)
    Object.assign(this.#serverOptions.sources, { sourceMaps: config.sourceMaps })
  }
}

function targetsOptions(config: Config): TargetsOptions {
  return {
    configured: config.targets,
    defaultTarget: config.defaultTarget,
    discover: config.discover,
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
