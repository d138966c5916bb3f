/** The metrics of any Node process, of the daemon itself, called as every Prometheus client calls them. */
import type { Registry } from 'prom-client'
import Counter from 'prom-client/lib/counter.js'
import heapSize from 'prom-client/lib/metrics/heapSizeAndUsed.js'
import residentMemory from 'prom-client/lib/metrics/osMemoryHeap.js'
import maxFds from 'prom-client/lib/metrics/processMaxFileDescriptors.js'
import openFds from 'prom-client/lib/metrics/processOpenFileDescriptors.js'
import startTime from 'prom-client/lib/metrics/processStartTime.js'
import version from 'prom-client/lib/metrics/version.js'

/**
 * Read when they are asked for. The client's own of the event loop's lag and of garbage collections are
 * left out: they keep a timer and an observer running in a daemon that should sleep.
 */
export function registerProcessMetrics(registry: Registry): void {
  for (const register of [startTime, residentMemory, openFds, maxFds, heapSize, version]) {
    register(registry)
  }
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'Total user and system CPU time spent in seconds.',
    registers: [registry],
    collect() {
      const { user, system } = process.cpuUsage()
      this.reset()
      this.inc((user + system) / 1e6)
    },
  })
}
