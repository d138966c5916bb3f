// The real app over the real targets, with its log kept for the test to read.
import { connect } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import type { Test } from 'tap'
import { ownersOnly } from '../../src/access/access-rules.ts'
import { GoroutineSnapshots } from '../../src/captures/goroutine-snapshots.ts'
import { HeapSamplers } from '../../src/captures/heap-samplers.ts'
import { type FlightOptions, FlightRecorder } from '../../src/recorder/flight-recorder.ts'
import type { LiveFiguresOf } from '../../src/recorder/live-figures.ts'
import { Rules } from '../../src/recorder/rules/rules.ts'
import type { StallOptions } from '../../src/recorder/stall-watch.ts'
import { Stalls } from '../../src/recorder/stalls.ts'
import { buildApp, type ServerOptions } from '../../src/server/app.ts'
import type { ServerLimits } from '../../src/server/context.ts'
import { listen } from '../../src/server/listen.ts'
import { SourceMaps } from '../../src/sourcemaps/source-maps.ts'
import { Targets, type TargetsOptions } from '../../src/targets/targets.ts'
import { defaultConfig } from '../config/default-config.ts'

/** As the default configuration says. */
export const noRecording: FlightOptions = {
  continuous: false,
  continuousTargets: false,
  scraped: false,
  door: 'closed',
  hz: 20,
  keepSeconds: 600,
  maxBytes: 16 * 1024 * 1024,
}

export interface StartedApp {
  readonly app: FastifyInstance
  readonly targets: Targets
  readonly heapSamplers: HeapSamplers
  readonly log: readonly Readonly<Record<string, unknown>>[]
}

export interface AppSettings extends Partial<Omit<ServerOptions, 'logger' | 'limits'>> {
  readonly limits?: Partial<ServerLimits>
  readonly targets?: Partial<TargetsOptions>
  readonly flight?: FlightOptions
  readonly liveFigures?: LiveFiguresOf
  readonly stalls?: StallOptions
}

const noStalls: StallOptions = { thresholdMs: 0, cooldownMs: 1000, perHour: 1 }

/** Closed, with its targets, when `t` ends. */
export function startApp(t: Test, settings: AppSettings = {}): StartedApp {
  const targets = new Targets({
    configured: [],
    discover: true,
    commandTimeoutMs: 10_000,
    maxMessageBytes: 64 * 1024 * 1024,
    ...settings.targets,
  })
  const log: Record<string, unknown>[] = []
  const logger = pino({}, { write: (line: string) => void log.push(JSON.parse(line)) })
  const {
    profile = { seconds: 30, hz: 100 },
    heap = { continuous: false, seconds: 1, samplingInterval: 32_768 },
    goroutine = defaultConfig.goroutine,
    sources = { sourceMaps: true },
    access = ownersOnly,
  } = settings
  const { recorder } = settings
  const limits = { ...defaultConfig.limits, maxSeconds: 60, ...settings.limits }
  const heapSamplers = new HeapSamplers(targets)
  // Under tap a thread takes seconds to start.
  const sourceMaps = new SourceMaps({ budgetMs: 20_000 })
  const goroutines = new GoroutineSnapshots(targets)
  const { liveFigures } = settings
  const flightRecorder = new FlightRecorder(targets, settings.flight ?? noRecording, {
    onStart: () => {},
    onEnd: () => {},
  })
  flightRecorder.start()
  const stalls = new Stalls({
    targets,
    options: settings.stalls ?? noStalls,
    log: logger,
    graceMs: 0,
  })
  stalls.start()
  const rules = rulesFor(targets)
  const services = {
    targets,
    heapSamplers,
    goroutines,
    sourceMaps,
    flightRecorder,
    liveFigures,
    rules,
    stalls,
  }
  const app = buildApp(services, {
    logger,
    limits,
    profile,
    heap,
    goroutine,
    sources,
    access,
    recorder,
  })
  t.teardown(async () => {
    await app.close()
    await flightRecorder.stop()
    await stalls.close()
    await sourceMaps.close()
    await heapSamplers.close()
    await targets.close()
  })
  return { app, targets, heapSamplers, log }
}

/** None, and nothing is written down. */
function rulesFor(targets: Targets): Rules {
  const note = () => undefined
  return new Rules({
    rules: [],
    listTargets: () => targets.list(),
    outlets: {},
    log: { info: note, warn: note, error: note },
    stateFolder: undefined,
  })
}

/** Listens on a free port of loopback and resolves to it. */
export async function listenAnywhere(app: FastifyInstance): Promise<number> {
  return Number(new URL(await listen(app, { kind: 'tcp', host: '127.0.0.1', port: 0 })).port)
}

/** Sends bytes as they are and resolves to all that comes back until the server hangs up. */
export function sendRaw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    const chunks: Buffer[] = []
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', reject)
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')))
  })
}
