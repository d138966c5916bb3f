// What it costs a busy process to be recorded all the time, by a connection from within (record.door: closed)
// and through an inspector that stays open: work done and the slowest turns beside the same time without,
// the start, a cut, and a request that is answered out of the chain beside one of its own.
// `recorder.mjs [rounds] [functions,functions]`.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { pprofd, printMachine, spread, startProcess } from './processes.mjs'

const rounds = Number(process.argv[2] ?? 5)
const sizes = (process.argv[3] ?? '1000,100000').split(',').map(Number)
/** A cut comes every 10 s. */
const windowMs = 12_000
/** For the chain to begin or end. */
const settleMs = 7000
const program = fileURLToPath(new URL('./throughput-target.mjs', import.meta.url))

printMachine()
const rows = {}
for (const functions of sizes) {
  for (const door of ['closed', 'open']) {
    rows[`${functions} functions, door ${door}`] = await measure(functions, door)
  }
}
console.log(`\n${rounds} pairs of ${windowMs / 1000} s, median (min to max)`)
console.table(rows)

async function measure(functions, door) {
  const target = fork(program, [functions], {
    execArgv: ['--inspect-port=0'],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  await once(target, 'message')
  const folder = mkdtempSync(join(tmpdir(), 'pprofd-bench-'))
  const file = join(folder, 'pprofd.yaml')
  const configure = (continuous) =>
    writeFileSync(
      file,
      [
        'listen: 127.0.0.1:0',
        `stateDir: ${folder}`,
        'targets:',
        `  - { name: busy, pid: ${target.pid} }`,
        `record: { continuous: ${continuous}, hz: 100, door: ${door} }`,
      ].join('\n'),
    )
  configure(false)
  const daemon = await startProcess([pprofd, 'serve', '--config', file], /"msg":"listening"/)
  const { url } = JSON.parse(daemon.line)
  const setContinuous = async (continuous) => {
    configure(continuous)
    process.kill(daemon.pid, 'SIGHUP')
    await delay(settleMs)
  }
  const request = async () => {
    await take(target)
    const response = await fetch(`${url}/debug/pprof/profile?seconds=1&hz=100`)
    await response.arrayBuffer()
    if (!response.ok) throw new Error(`profile: ${response.status}`)
    return (await take(target)).max
  }
  const idleKb = residentKb(daemon.pid)
  const pairs = []
  const cold = []
  const warm = []
  try {
    for (let round = 0; round < rounds; round++) {
      cold.push(await request())
      await delay(1000)
      await take(target)
      await delay(windowMs)
      const without = await take(target)
      await setContinuous(true)
      const starting = await take(target)
      await delay(windowMs)
      const recorded = await take(target)
      warm.push(await request())
      await setContinuous(false)
      pairs.push({ without, starting, recorded })
    }
    const grownMb = (residentKb(daemon.pid) - idleKb) / 1024
    const each = (of) => pairs.map(of)
    return {
      'work done, of that without': spread(
        each(({ without, recorded }) => recorded.count / without.count),
        3,
      ),
      'p99 of a turn, of that without': spread(
        each(({ without, recorded }) => recorded.p99 / without.p99),
        2,
      ),
      'longest turn: at the start, ms': spread(each(({ starting }) => starting.max)),
      'with a cut': spread(each(({ recorded }) => recorded.max)),
      without: spread(each(({ without }) => without.max)),
      'at a request, out of the chain': spread(warm),
      'of its own': spread(cold),
      'daemon grew by, MB': grownMb.toFixed(0),
    }
  } finally {
    await daemon.stop()
    target.kill('SIGKILL')
    await once(target, 'exit')
    rmSync(folder, { recursive: true })
  }
}

function residentKb(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}

async function take(target) {
  target.send({ take: true })
  const [result] = await once(target, 'message')
  return result
}
