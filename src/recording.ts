/** What is recorded, watched and taken without a person asking: put together, begun and ended as one. */
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Config } from './config/config.ts'
import { stateFolder } from './config/state-folder.ts'
import { FlightRecorder } from './recorder/flight-recorder.ts'
import type { ProfileSink } from './recorder/recorded-profile.ts'
import { Recorder, type RecorderSettings } from './recorder/recorder.ts'
import { RuleFolder } from './recorder/rules/rule-folder.ts'
import { Rules } from './recorder/rules/rules.ts'
import { Stalls } from './recorder/stalls.ts'
import { flightOptions, recorderFolders, stallOptions } from './recorder-settings.ts'
import type { AppRecorder, RecorderHands } from './server/app.ts'
import type { SourceMaps } from './sourcemaps/source-maps.ts'
import type { Target } from './targets/target.ts'
import type { Targets } from './targets/targets.ts'

export class Recording implements AppRecorder {
  readonly flightRecorder: FlightRecorder
  readonly rules: Rules
  readonly stalls: Stalls
  #config: Config
  /** The spool and the engine. */
  readonly #store: Recorder
  /** How the ring of a target becomes a profile; undefined while the server is down. */
  #hands: RecorderHands | undefined

  constructor(
    config: Config,
    settings: RecorderSettings,
    targets: Targets,
    sourceMaps: SourceMaps,
    logger: Logger,
  ) {
    this.#config = config
    const listTargets = () => targets.optedIn()
    const folder = stateFolder(config.stateDir, process.env)
    this.#store = new Recorder(settings, recorderFolders(config, process.env), {
      listTargets,
      report: (level, message, fields) => logger[level](fields, message),
    })
    this.flightRecorder = new FlightRecorder(targets, flightOptions(config), {
      onStart: (target, hz, startPauseMs) =>
        logger.info({ ...named(target), hz, startPauseMs }, 'recording begun'),
      onEnd: (target, err) => logger.warn({ ...named(target), err }, 'recording ended'),
    })
    this.stalls = new Stalls({
      targets,
      options: stallOptions(config),
      log: logger,
      sinks: [this.#store.spool],
      lastProfile: async (target, wish) => this.#hands?.last(target, wish),
      findSources: (target) =>
        this.#config.sourceMaps ? (scripts) => sourceMaps.find(target, scripts) : undefined,
    })
    this.rules = new Rules({
      rules: config.rules,
      listTargets,
      outlets: { disk: new RuleFolder(join(folder, 'captures')), push: this.#engine() },
      log: logger,
      stateFolder: folder,
      live: (target) => this.flightRecorder.figures(target),
      watchesStalls: () => this.stalls.thresholdMs > 0,
    })
    this.stalls.onStall(({ target, durationMs }) => this.rules.stalled(target, durationMs))
  }

  async begin(hands: RecorderHands): Promise<void> {
    this.#hands = hands
    this.#store.begin(hands.take)
    this.flightRecorder.start()
    this.stalls.start()
    await this.rules.begin(hands)
  }

  async end(): Promise<void> {
    await Promise.all([this.rules.end(), this.stalls.close()])
    await Promise.all([this.#store.end(), this.flightRecorder.stop()])
    this.#hands = undefined
  }

  async reconfigure(config: Config, settings: RecorderSettings): Promise<void> {
    this.#config = config
    this.rules.reconfigure(config.rules)
    this.stalls.reconfigure(stallOptions(config))
    await Promise.all([
      this.flightRecorder.reconfigure(flightOptions(config)),
      this.#store.reconfigure(settings),
    ])
  }

  /** As it is configured at the moment. */
  #engine(): ProfileSink {
    return {
      put: async (profile) => {
        if (this.#store.push === undefined) throw new Error('push.url is not set')
        await this.#store.push.put(profile)
      },
    }
  }
}

/** For the log; `pid` is the daemon's own in every line of pino's. */
function named({ id, pid }: Target): object {
  return { target: id, targetPid: pid }
}
