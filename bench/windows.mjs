// How long the end of a CPU profile stops a program whose stacks are deep and varied: pprofd, which records in
// windows, beside a bare client with one Profiler.stop. `windows.mjs [seconds] [rounds] [hz]`.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { recordBare } from './bare-client.mjs'
import { printMachine, spread, startDaemon } from './processes.mjs'
import { showTable } from './results.mjs'

const seconds = Number(process.argv[2] ?? 30)
const rounds = Number(process.argv[3] ?? 3)
const hz = Number(process.argv[4] ?? 100)
/** The walk over the heap is over then; it is another benchmark's. */
const settleMs = 1500
const program = fileURLToPath(new URL('./throughput-target.mjs', import.meta.url))

printMachine()
const daemon = await startDaemon()
const { url } = daemon
const rows = {}
try {
  for (const kind of ['deep', '1000']) {
    const target = fork(program, [kind], {
      execArgv: ['--inspect=0'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    const ready = once(target, 'message')
    const [, port] = /ws:[^ ]*:(\d+)\//.exec(String(await once(target.stderr, 'data'))) ?? []
    target.stderr.resume()
    await ready
    const contenders = {
      pprofd: () => throughDaemon(target.pid),
      'one Profiler.stop': () => recordBare(port, seconds * 1000, hz),
    }
    const results = { pprofd: [], 'one Profiler.stop': [] }
    for (let round = 0; round < rounds; round++) {
      for (const [name, record] of Object.entries(contenders)) {
        results[name].push(await longestTurn(target, record))
      }
    }
    for (const [name, all] of Object.entries(results)) {
      rows[`${kind}: ${name}`] = {
        'longest turn after the start, ms': spread(all.map(({ max }) => max)),
        'p99 of a turn, ms': spread(
          all.map(({ p99 }) => p99),
          2,
        ),
        'units of work': spread(all.map(({ count }) => count)),
      }
    }
    target.kill('SIGKILL')
    await once(target, 'exit')
  }
} finally {
  await daemon.stop()
}
showTable(
  hz === 100 ? 'windows' : `windows, ${hz} Hz`,
  `${seconds} s at ${hz} Hz, ${rounds} rounds, median (min to max)`,
  rows,
)

async function longestTurn(target, record) {
  const recorded = record()
  await delay(settleMs)
  await take(target)
  await recorded
  return take(target)
}

async function throughDaemon(pid) {
  const path = `/targets/${pid}/debug/pprof/profile?seconds=${seconds}&hz=${hz}&force=1`
  const response = await fetch(`${url}${path}`)
  await response.arrayBuffer()
  if (!response.ok) throw new Error(`${path}: ${response.status}`)
}

async function take(target) {
  target.send({ take: true })
  const [result] = await once(target, 'message', { signal: AbortSignal.timeout(60_000) })
  return result
}
