// What does watching event loops for stalls cost: the daemon with 50 targets, and a busy target in the
// work it gets done per second of processor time?
// npm run bench stall-watch [pairs of 2 s, default 20]
import { fork } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { pprofd, printMachine, spread, startProcess } from './processes.mjs'
import { showTable } from './results.mjs'

const fileOf = (name) => fileURLToPath(new URL(name, import.meta.url))
const windowMs = 10_000
const folder = mkdtempSync(join(tmpdir(), 'pprofd-bench-'))
process.on('SIGTERM', () => process.exit(1))
process.on('exit', () => rmSync(folder, { recursive: true }))

printMachine()
await fifty()
await throughput(Number(process.argv[2] ?? 20))
process.exit()

/** CPU time of the daemon while nothing but its watch goes on. */
async function fifty() {
  const small = fileOf('./many-target.mjs')
  const targets = await Promise.all(
    Array.from({ length: 50 }, () => startProcess([small], /^ready$/)),
  )
  const pids = targets.map(({ pid }) => pid)
  const rows = {}
  for (const threshold of [0, 500, 100]) {
    const daemon = await startDaemon(pids, threshold)
    if (threshold > 0) await watching(daemon, pids.length)
    await sleep(3000)
    const before = cpuMsOf(daemon.pid)
    await sleep(windowMs)
    const share = (cpuMsOf(daemon.pid) - before) / windowMs
    const label = threshold === 0 ? 'off' : `${threshold} ms`
    rows[label] = {
      'of a processor, %': (share * 100).toFixed(2),
      'daemon, MB': memoryOf(daemon.pid),
    }
    await daemon.stop()
  }
  showTable('fifty', '50 targets watched, over 10 s, by threshold', rows)
  await Promise.all(targets.map(({ stop }) => stop()))
}

/** Pairs of windows, with the watch running and stopped by SIGSTOP, in turns. */
async function throughput(pairs) {
  const target = fork(fileOf('./throughput-target.mjs'), ['1000'], {
    stdio: ['ignore', 1, 2, 'ipc'],
  })
  await answer(target)
  const daemon = await startDaemon([target.pid], 100)
  await watching(daemon, 1)
  await unitsPerSecond(target, 2000)
  const ratios = []
  for (let pair = 0; pair < pairs; pair++) {
    const [first, second] = pair % 2 === 0 ? ['SIGCONT', 'SIGSTOP'] : ['SIGSTOP', 'SIGCONT']
    const rate = {}
    for (const signal of [first, second]) {
      process.kill(daemon.pid, signal)
      rate[signal] = await unitsPerSecond(target, 2000)
    }
    ratios.push(rate.SIGCONT / rate.SIGSTOP)
  }
  process.kill(daemon.pid, 'SIGCONT')
  const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length
  const title = 'work per second of processor time, watched at a threshold of 100 ms : not watched'
  showTable('throughput', title, { pairs, mean: mean.toFixed(4), spread: spread(ratios, 3) })
  const { stalls } = await (await fetch(`${daemon.url}/stalls`)).json()
  console.log(`stalls reported of it: ${stalls.length}`)
  await daemon.stop()
  target.kill()
}

async function unitsPerSecond(target, ms) {
  await take(target)
  const before = mainThreadMsOf(target.pid)
  await sleep(ms)
  const { count } = await take(target)
  return count / (mainThreadMsOf(target.pid) - before)
}

function take(target) {
  target.send({ take: true })
  return answer(target)
}

function answer(target) {
  return new Promise((resolve) => target.once('message', resolve))
}

async function startDaemon(pids, threshold) {
  const config = join(folder, 'pprofd.yaml')
  const targets = pids.map((pid) => ({ name: `app-${pid}`, pid }))
  const stalls = { threshold, cooldown: 1 }
  const listen = '127.0.0.1:0'
  writeFileSync(
    config,
    JSON.stringify({ listen, stateDir: folder, discover: { enabled: false }, targets, stalls }),
  )
  const daemon = await startProcess([pprofd, 'serve', '--config', config], /"listening"/)
  return { ...daemon, url: JSON.parse(daemon.line).url }
}

async function watching({ url }, count) {
  for (;;) {
    const { watched } = await (await fetch(`${url}/stalls`)).json()
    if (watched.length === count) return
    await sleep(100)
  }
}

/** Resident memory in MB. */
function memoryOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024)
}

/** CPU time of all threads in ms; a clock tick is 10 ms on every Linux that Node supports. */
function cpuMsOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

function mainThreadMsOf(pid) {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6
}
