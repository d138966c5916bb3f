// 1,000 times: attach to one target, profile it shortly, let go. Does anything grow in the target (or
// in the daemon's part, which runs here) that should not: memory, descriptors, threads, listeners?
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { recordCpu } from './build/captures/cpu.js'
import { Targets } from './build/targets/targets.js'
import { printMachine, spread, startProcess } from './processes.mjs'
import { showTable } from './results.mjs'

const cycles = Number(process.argv[2] ?? 1000)
const windowMs = 20

printMachine()
const program = fileURLToPath(new URL('./many-target.mjs', import.meta.url))
// Not 9229: whatever else runs here may use that meanwhile.
const target = await startProcess(['--inspect-port=9339', program], /^ready$/)
const targets = new Targets({
  configured: [],
  discover: true,
  commandTimeoutMs: 10_000,
  maxMessageBytes: 2 ** 28,
})

const rows = []
const cycleMs = []
for (let cycle = 0; cycle <= cycles; cycle++) {
  // The first ones load code and grow pools in both processes, so the first row is taken after 10.
  if (cycle === 10 || cycle % Math.max(1, cycles / 5) === 0) rows.push(await measure(cycle))
  const begin = performance.now()
  const known = await targets.resolve(String(target.pid))
  await recordCpu(targets, known, { durationMs: windowMs, hz: 100 })
  cycleMs.push(performance.now() - begin)
}
await targets.close()
showTable('cycles', `${cycles} captures of ${windowMs} ms; one takes ${spread(cycleMs)} ms`, rows)
await target.stop()

/** The heap is what is left after a full collection, so that garbage is not taken for growth. */
async function measure(cycle) {
  const heapBytes = await heapAfterCollection()
  const status = readFileSync(`/proc/${target.pid}/status`, 'utf8')
  const field = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1])
  const links = descriptors()
  return {
    cycle,
    'target resident, MB': (field('VmRSS') / 1024).toFixed(1),
    'anonymous, MB': (field('RssAnon') / 1024).toFixed(1),
    'heap in use, MB': (heapBytes / 1e6).toFixed(2),
    threads: field('Threads'),
    descriptors: links.length,
    sockets: links.filter((link) => link.startsWith('socket:')).length,
    'this process, MB': (process.memoryUsage.rss() / 2 ** 20).toFixed(1),
  }
}

async function heapAfterCollection() {
  const { session, detach } = await targets.attach(await targets.resolve(String(target.pid)))
  await session.send('HeapProfiler.collectGarbage')
  const { result } = await session.send('Runtime.evaluate', {
    expression: 'process.memoryUsage().heapUsed',
  })
  await detach()
  return result.value
}

function descriptors() {
  const folder = `/proc/${target.pid}/fd`
  return readdirSync(folder).flatMap((name) => {
    try {
      return readlinkSync(`${folder}/${name}`)
    } catch {
      return []
    }
  })
}
