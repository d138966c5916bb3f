/**
 * The metrics of the targets that the configuration opts in, for one request: whoever asks sees those
 * that are theirs. What the kernel knows is there always, what only a target can say where it has said it.
 */
import type { Registry as Metrics } from 'prom-client'
import Counter from 'prom-client/lib/counter.js'
import Gauge from 'prom-client/lib/gauge.js'
import Registry from 'prom-client/lib/registry.js'
import type { LiveFigures, LoopDelay } from '../../recorder/live-figures.ts'
import type { ScrapeFigures } from '../../targets/scrape-figures.ts'
import { labelText } from '../label-text.ts'

export interface TargetReading {
  readonly figures: ScrapeFigures
  /** Undefined: no session of it is open. */
  readonly live: LiveFigures | undefined
}

const bySession = 'Only of targets that pprofd has a session with anyway; as old as'
const age = 'pprofd_target_figures_age_seconds says.'

const delays: readonly (readonly [name: keyof LoopDelay, quantile: string])[] = [
  ['p50', '0.5'],
  ['p90', '0.9'],
  ['p99', '0.99'],
  ['max', '1'],
]

/** In Prometheus' text format. */
export function targetMetrics(readings: readonly TargetReading[]): Promise<string> {
  const registry: Metrics = new Registry()
  registerKernelMetrics(readings, registry)
  registerLiveMetrics(readings, registry)
  return registry.metrics()
}

function registerKernelMetrics(readings: readonly TargetReading[], registry: Metrics): void {
  const info = new Gauge({
    name: 'pprofd_target_info',
    help: '1 for each process that the configuration opts in and that runs: targets, and what discover.match matches. instance_id means this run of it, as the instance of /targets; node_version is empty where the executable does not tell.',
    labelNames: [...idLabels, 'instance_id', 'node_version'],
    registers: [registry],
  })
  for (const { figures } of readings) {
    const { instance } = figures.target
    const node_version = figures.nodeVersion ?? ''
    info.set({ ...labelsOf(figures), instance_id: instance, node_version }, 1)
  }
  const { counter, gauge } = shapes(readings, registry)
  counter(
    'pprofd_target_cpu_seconds_total',
    'CPU time, user and system, of all threads that the process ever had.',
    ({ figures }) => figures.cpuMs / 1000,
  )
  gauge(
    'pprofd_target_resident_memory_bytes',
    'Resident set.',
    ({ figures }) => figures.residentBytes,
  )
  gauge(
    'pprofd_target_threads',
    'Threads, those of the runtime included.',
    ({ figures }) => figures.threads,
  )
  gauge(
    'pprofd_target_open_fds',
    "Open file descriptors. Missing where the kernel does not let pprofd's user look.",
    ({ figures }) => figures.openFiles.count,
  )
  gauge(
    'pprofd_target_max_fds',
    'Most file descriptors that it may open. Missing where there is no limit.',
    ({ figures }) => figures.openFiles.limit,
  )
  gauge(
    'pprofd_target_start_time_seconds',
    'When it was started, in seconds since the epoch.',
    ({ figures }) => figures.startedAtSeconds,
  )
}

function registerLiveMetrics(readings: readonly TargetReading[], registry: Metrics): void {
  const { counter, gauge } = shapes(readings, registry)
  gauge(
    'pprofd_target_figures_age_seconds',
    'How old what the target itself said is. Missing, as all of that is, where pprofd has no session with it: it attaches to nothing for this.',
    ({ live }) => inSeconds(live?.ageMs),
  )
  const told = (help: string) => `${help} ${bySession} ${age}`
  gauge(
    'pprofd_target_heap_used_bytes',
    told("V8's heap in use, of the main thread."),
    ({ live }) => live?.usedHeapBytes,
  )
  gauge(
    'pprofd_target_heap_committed_bytes',
    told("What V8 has taken for the main thread's heap."),
    ({ live }) => live?.takenHeapBytes,
  )
  gauge(
    'pprofd_target_heap_limit_bytes',
    told("Where V8 gives up. Missing also where the program has not loaded Node's module v8."),
    ({ live }) => live?.heapLimitBytes,
  )
  counter(
    'pprofd_target_eventloop_active_seconds_total',
    told("How long the main thread's event loop has worked."),
    ({ live }) => inSeconds(live?.loopActiveMs),
  )
  counter(
    'pprofd_target_eventloop_idle_seconds_total',
    told('How long it has waited for something to do.'),
    ({ live }) => inSeconds(live?.loopIdleMs),
  )
  gauge(
    'pprofd_target_eventloop_utilization_ratio',
    told('Share of the last window in which it worked, 0 to 1.'),
    ({ live }) => live?.loopUtilization,
  )
  counter(
    'pprofd_target_gc_seconds_total',
    told('How long garbage collections have held the main thread since they have been counted.'),
    ({ live }) => inSeconds(live?.gcMs),
  )
  const delay = new Gauge({
    name: 'pprofd_target_eventloop_delay_seconds',
    help: told('How late the event loop was in the last window.'),
    labelNames: [...idLabels, 'quantile'],
    registers: [registry],
  })
  for (const { figures, live } of readings) {
    for (const [name, quantile] of delays) {
      const value = inSeconds(live?.loopDelayMs?.[name])
      if (value !== undefined) delay.set({ ...labelsOf(figures), quantile }, value)
    }
  }
}

type Read = (reading: TargetReading) => number | undefined

/** Metrics with one value a target, without those of which there is none. */
function shapes(readings: readonly TargetReading[], registry: Metrics) {
  const about = (name: string, help: string) => ({
    name,
    help,
    labelNames: idLabels,
    registers: [registry],
  })
  const each = (read: Read, take: (labels: Labels, value: number) => void) => {
    for (const reading of readings) {
      const value = read(reading)
      if (value !== undefined && value >= 0) take(labelsOf(reading.figures), value)
    }
  }
  return {
    gauge(name: string, help: string, read: Read) {
      const gauge = new Gauge(about(name, help))
      each(read, (labels, value) => gauge.set(labels, value))
    },
    counter(name: string, help: string, read: Read) {
      const counter = new Counter(about(name, help))
      each(read, (labels, value) => counter.inc(labels, value))
    },
  }
}

const idLabels = ['service_name', 'pid'] as const

type Labels = Readonly<Record<(typeof idLabels)[number], string>>

/** Not `instance`: that is the scraper's own name for the daemon. */
function labelsOf({ target }: ScrapeFigures): Labels {
  return { service_name: labelText(target.service ?? target.name), pid: String(target.pid) }
}

function inSeconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000
}
