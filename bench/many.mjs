// Many processes at once through one daemon: a cluster of four beside four independent processes, all
// of which would open their inspector on port 9229, and 1, 10, 50 and more small targets. How much longer
// than the window does it take until the last one is answered, and what does the daemon need for it?
// `many.mjs [targets ...]`, by default 1 10 50 200: each takes 45 MB of memory.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { printMachine, spread, startDaemon, startProcess } from './processes.mjs'
import { showTable } from './results.mjs'

/** Of limits.capturesPerUid. */
const defaultOfOneUser = 96
const small = fileURLToPath(new URL('./many-target.mjs', import.meta.url))
const cluster = fileURLToPath(new URL('./many-cluster.mjs', import.meta.url))

printMachine()
const counts = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [1, 10, 50, 200]
await parallel()
for (const count of counts) {
  await atOnce(count, 0)
  // More would take more than two processors by themselves.
  if (count <= 50) await atOnce(count, 2)
}

/** Four workers of one cluster and four independent processes, 10 s each. */
async function parallel() {
  const windowMs = 10_000
  const primary = await startProcess([cluster, '4'], /^ready /)
  const workers = primary.line.split(' ').slice(1).map(Number)
  const alone = await startAll(4)
  const pids = [...workers, ...alone.map(({ pid }) => pid)]
  const daemon = await startDaemon()
  const attachMs = []
  // What attaching to them one after the other takes: the port is shared, so that part is serial.
  for (const pid of pids) attachMs.push((await profile(daemon, pid, 1)).attachMs)
  const begin = performance.now()
  const answers = await Promise.all(pids.map((pid) => profile(daemon, pid, windowMs / 1000)))
  const elapsedMs = performance.now() - begin
  const serialAttachMs = attachMs.reduce((sum, each) => sum + each, 0)
  const table = {
    answered: `${answers.filter(({ ok }) => ok).length} of ${pids.length}`,
    'until the last answer, ms': Math.round(elapsedMs),
    'attaching one after the other, ms': Math.round(serialAttachMs),
    'ratio to window + serial attach': (elapsedMs / (windowMs + serialAttachMs)).toFixed(3),
    'ratio to the window': (elapsedMs / windowMs).toFixed(3),
  }
  showTable('parallel', 'four cluster workers and four independent processes, 10 s each', table)
  await daemon.stop()
  await Promise.all([primary, ...alone].map(({ stop }) => stop()))
}

/**
 * Small targets, 10 s at 100 Hz, all at once, each at work for `workMs` of every 100. The goal: within 1.1 x the
 * window + 1 s.
 */
async function atOnce(count, workMs) {
  const windowMs = 10_000
  const targets = await startAll(count, workMs)
  const limits = [
    '--limits.captures',
    '256',
    '--limits.captures-per-uid',
    '256',
    '--limits.connections-per-uid',
    '512',
  ]
  const daemon = await startDaemon(...(count > defaultOfOneUser ? limits : []))
  const idle = memoryOf(daemon.pid)
  const cpuBefore = cpuMsOf(daemon.pid)
  let peak = 0
  const watch = setInterval(() => {
    peak = Math.max(peak, memoryOf(daemon.pid))
  }, 50)
  const begin = performance.now()
  const answers = await Promise.all(targets.map(({ pid }) => profile(daemon, pid, windowMs / 1000)))
  const elapsedMs = performance.now() - begin
  clearInterval(watch)
  const goalMs = 1.1 * windowMs + 1000
  const table = {
    answered: `${answers.filter(({ ok }) => ok).length} of ${targets.length}`,
    'until the last answer, ms': Math.round(elapsedMs),
    'ratio to the window': (elapsedMs / windowMs).toFixed(3),
    'of the goal': (elapsedMs / goalMs).toFixed(3),
    'attach, ms': spread(answers.map(({ attachMs }) => attachMs)),
    'start pause, ms': spread(answers.map(({ startMs }) => startMs)),
    'stop pause, ms': spread(answers.map(({ stopMs }) => stopMs)),
    'daemon idle, MB': idle.toFixed(0),
    'daemon peak, MB': peak.toFixed(0),
    'daemon CPU, ms': Math.round(cpuMsOf(daemon.pid) - cpuBefore),
    'and for each target': Math.round((cpuMsOf(daemon.pid) - cpuBefore) / count),
  }
  const how = workMs === 0 ? 'that wait' : `each at work for ${workMs} % of the time`
  const key = workMs === 0 ? String(count) : `${count}, at work`
  showTable(key, `${count} targets ${how}, at once, 10 s at 100 Hz`, table)
  await daemon.stop()
  await Promise.all(targets.map(({ stop }) => stop()))
}

async function startAll(count, workMs = 2) {
  const start = () => startProcess([small, String(workMs)], /^ready$/)
  return Promise.all(Array.from({ length: count }, start))
}

async function profile({ url }, pid, seconds) {
  const answer = await fetch(`${url}/targets/${pid}/debug/pprof/profile?seconds=${seconds}`)
  const bytes = await answer.arrayBuffer()
  if (!answer.ok) console.error(`${pid}: ${answer.status} ${Buffer.from(bytes)}`)
  const header = (name) => Number(answer.headers.get(`x-pprofd-${name}-ms`))
  return {
    ok: answer.ok,
    attachMs: header('attach'),
    startMs: header('start-pause'),
    stopMs: header('stop-pause'),
  }
}

/** Resident memory in MB. */
function memoryOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
}

/** CPU time of all threads in ms; a clock tick is 10 ms on every Linux that Node supports. */
function cpuMsOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}
