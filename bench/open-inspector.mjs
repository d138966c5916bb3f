// How long the inspector of an unmodified process is open for each kind of capture: the window in which
// every user of the machine could run code in it. What a capture needs beyond the seconds asked for.
import { fileURLToPath } from 'node:url'
import { printMachine, spread, startDaemon, startProcess } from './processes.mjs'
import { showTable } from './results.mjs'
import { watchListeners } from './watch-listeners.mjs'

const rounds = Number(process.argv[2] ?? 9)
const program = fileURLToPath(new URL('./latency-target.mjs', import.meta.url))
const functions = 1000

const captures = [
  'debug/pprof/profile?seconds=1',
  'debug/pprof/wall?seconds=1',
  'debug/pprof/heap?seconds=1',
  'debug/pprof/heap?seconds=1&gc=1',
  'debug/pprof/mutex?seconds=1',
  'debug/pprof/block?seconds=1',
  'debug/pprof/trace?seconds=1',
  'debug/fgtrace?seconds=1',
  'debug/pprof/goroutine?debug=1',
  'debug/pprof/goroutine?debug=1&worker=1',
  'debug/pprof/retained',
  'debug/pprof/threadcreate?workers=1',
  'debug/pprof/threadcreate',
  'debug/pprof/cmdline',
  'preflight',
  'memory',
]

printMachine()
// Not 9229: whatever else runs here may use that meanwhile.
const target = await startProcess(['--inspect-port=9349', program, String(functions)], /^ready$/)
const daemon = await startDaemon()
const { url } = daemon
const open = new Map(captures.map((path) => [path, []]))
for (let round = 0; round <= rounds; round++) {
  for (const path of captures) {
    const openMs = await capture(path)
    // The first round warms up the daemon's code, and learns the layout of the target's V8.
    if (round > 0) open.get(path).push(openMs)
  }
}
showTable(
  'open',
  `ms that the inspector was open, median (min to max) of ${rounds}; ${functions} functions`,
  captures.map((path) => ({ capture: path, 'inspector open': spread(open.get(path)) })),
)
await daemon.stop()
await target.stop()

async function capture(path) {
  const watch = watchListeners(target.pid)
  const answer = await fetch(`${url}/targets/${target.pid}/${path}`)
  await answer.arrayBuffer()
  if (answer.status !== 200) throw new Error(`${path}: the daemon answered ${answer.status}`)
  // The inspector is closed before the answer ends, or right after it.
  await new Promise((resolve) => setTimeout(resolve, 300))
  return watch.end()
}
