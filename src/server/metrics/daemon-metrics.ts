/** What the daemon counts of its own work, for /metrics. No label names a target: their number stays small. */
import type { Registry as Metrics } from 'prom-client'
import Counter from 'prom-client/lib/counter.js'
import Gauge from 'prom-client/lib/gauge.js'
import Histogram from 'prom-client/lib/histogram.js'
import Registry from 'prom-client/lib/registry.js'
import type { CaptureEnd } from '../capture-list.ts'
import { registerProcessMetrics } from './process-metrics.ts'

/** What is looked at when somebody asks. */
export interface DaemonState {
  readonly targets: {
    readonly inspectorsLeftOpen: number
    readonly attaches: { readonly cold: number; readonly warm: number }
  }
  readonly admission: { readonly runningCount: number }
  readonly outbox: { readonly bytes: number }
}

/** From what nobody notices to what a health check does. */
const pauseBucketsSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

export class DaemonMetrics {
  readonly #registry: Metrics = new Registry()
  readonly #registers = [this.#registry]
  readonly #captures = new Counter({
    name: 'pprofd_captures_total',
    help: 'Captures that ended, by kind and outcome: ok, or the code of the error. Those that got no slot count as captures-exhausted.',
    labelNames: ['kind', 'outcome'],
    registers: this.#registers,
  })
  readonly #pauses = new Histogram({
    name: 'pprofd_capture_pause_seconds',
    help: 'The longest pause of its target that each capture is known to have caused; captures whose pause is not known are missing.',
    labelNames: ['kind'],
    buckets: pauseBucketsSeconds,
    registers: this.#registers,
  })
  readonly #sentBytes = new Counter({
    name: 'pprofd_captures_sent_bytes_total',
    help: 'Bytes that went out on the connections of captures, heads included.',
    labelNames: ['kind'],
    registers: this.#registers,
  })
  readonly #refusals = new Counter({
    name: 'pprofd_refusals_total',
    help: "Requests that were answered with an error, by the error's code; guard: by their head; access: by who asked; connections: too many of one user.",
    labelNames: ['reason'],
    registers: this.#registers,
  })

  constructor(state: DaemonState) {
    registerState(state, this.#registers)
    registerProcessMetrics(this.#registry)
  }

  captureEnded(kind: string, { outcome, pauseMs, sentBytes }: CaptureEnd): void {
    this.#captures.inc({ kind, outcome })
    if (pauseMs !== undefined) this.#pauses.observe({ kind }, pauseMs / 1000)
    if (sentBytes !== undefined && sentBytes > 0) this.#sentBytes.inc({ kind }, sentBytes)
  }

  /** `reason`: one of few; never what a client or a target says. */
  refused(reason: string): void {
    this.#refusals.inc({ reason })
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }
}

function registerState({ targets, admission, outbox }: DaemonState, registers: Metrics[]): void {
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  gauge(
    'pprofd_inspector_left_open',
    'Inspectors that pprofd opened and could not close yet.',
    () => targets.inspectorsLeftOpen,
  )
  gauge('pprofd_captures_running', 'Captures that run now.', () => admission.runningCount)
  gauge(
    'pprofd_answers_waiting_bytes',
    'Bytes of answers that wait for their clients.',
    () => outbox.bytes,
  )
  new Counter({
    name: 'pprofd_attaches_total',
    help: 'Sessions with targets that captures began with; cold: a new one, warm: one that was open still.',
    labelNames: ['start'],
    registers,
    collect() {
      this.reset()
      const { cold, warm } = targets.attaches
      this.inc({ start: 'cold' }, cold)
      this.inc({ start: 'warm' }, warm)
    },
  })
}
