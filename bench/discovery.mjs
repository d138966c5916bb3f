// How long it takes to find the Node processes among many others, what CPU time that costs, and how long
// the event loop is held up: 1,000 processes of which 50 are Node, first and again; beside reading the
// link of every executable, which nobody who looks can avoid. Then: what a daemon that knows 50 targets
// does while nobody asks. `discovery.mjs [idle seconds]`.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { discoverTargets } from './build/targets/discovery.js'
import { printMachine, spread, startDaemon, startProcess } from './processes.mjs'
import { showTable } from './results.mjs'
import { medianOf } from './statistics.mjs'

const idleSeconds = Number(process.argv[2] ?? 60)
/** V8 collects and throws code away for a minute after the last request. */
const settleMs = 60_000
const others = 950
const nodes = 50
const rounds = 15
const small = fileURLToPath(new URL('./discovery-target.mjs', import.meta.url))

printMachine()
const sleepers = Array.from({ length: others }, () => spawn('sleep', ['600'], { stdio: 'ignore' }))
process.on('exit', () => {
  for (const child of sleepers) child.kill('SIGKILL')
})
const targets = await Promise.all(
  Array.from({ length: nodes }, () => startProcess([small], /^ready$/)),
)

const first = await timed(() => discoverTargets('/proc'))
const again = []
const links = []
for (let round = 0; round < rounds; round++) {
  links.push(await timed(async () => readLinks()))
  again.push(await timed(() => discoverTargets('/proc')))
}
const row = (list) => ({
  'wall, ms': spread(
    list.map(({ wallMs }) => wallMs),
    1,
  ),
  'CPU, ms': spread(
    list.map(({ cpuMs }) => cpuMs),
    1,
  ),
  'longest hold of the loop, ms': spread(
    list.map(({ heldMs }) => heldMs),
    1,
  ),
})
const table = {
  'every exe link, one after the other': row(links),
  'pprofd, first': row([first]),
  'pprofd, again': row(again),
}
showTable(
  'discovery',
  `${readdirSync('/proc').filter((name) => /^\d+$/.test(name)).length} processes, ${first.result.length} of them Node`,
  table,
)
const ratio = medianOf(again.map(({ cpuMs }) => cpuMs)) / medianOf(links.map(({ cpuMs }) => cpuMs))
console.log(`CPU, of reading the links alone: ${ratio.toFixed(1)}; goal: at most 50 ms wall`)

const daemon = await startDaemon()
const { url } = daemon
const answer = await fetch(`${url}/targets`)
const known = (await answer.json()).targets.length
await new Promise((resolve) => setTimeout(resolve, settleMs))
const before = cpuNs(daemon.pid)
await new Promise((resolve) => setTimeout(resolve, idleSeconds * 1000))
const share = (cpuNs(daemon.pid) - before) / (idleSeconds * 1e9)
const idle = {
  knownTargets: known,
  seconds: idleSeconds,
  cpuMs: share * idleSeconds * 1000,
  cpuPercent: share * 100,
}
console.log(
  `idle with ${known} known targets: ${idle.cpuPercent.toFixed(2)} % of a CPU, ${idle.cpuMs.toFixed(0)} ms in ${idleSeconds} s; goal: 0.0`,
)
showTable('idle', `idle with ${known} known targets`, {
  ...idle,
  'CPU of discovery, of reading the links': ratio,
})
await daemon.stop()
await Promise.all(targets.map(({ stop }) => stop()))
process.exit(0)

function readLinks() {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      readlinkSync(`/proc/${name}/exe`)
    } catch {
      // A thread of the kernel, or gone.
    }
  }
}

async function timed(work) {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  await new Promise((resolve) => setTimeout(resolve, 50))
  delay.enable()
  const cpu = process.cpuUsage()
  const begin = performance.now()
  const result = await work()
  const wallMs = performance.now() - begin
  const { user, system } = process.cpuUsage(cpu)
  await new Promise((resolve) => setTimeout(resolve, 5))
  delay.disable()
  return { result, wallMs, cpuMs: (user + system) / 1000, heldMs: delay.max / 1e6 }
}

/** All threads, ns: /proc/PID/task/TID/schedstat. */
function cpuNs(pid) {
  const times = readdirSync(`/proc/${pid}/task`).map((tid) =>
    Number(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'latin1').split(' ')[0]),
  )
  return times.reduce((sum, each) => sum + each, 0)
}
