// What being profiled costs a process that has all hands full: how much less it gets done while a
// recording runs, and how long its slowest turns become, at 100 Hz and 1 kHz. Each window with a
// recording has one without right before it; the ratio is of the two. `throughput.mjs [rounds]`.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { pprofd, printMachine, spread, startProcess } from './processes.mjs'

const rounds = Number(process.argv[2] ?? 20)
const windowMs = 2000
/** Until a recording runs for sure: it attaches and V8 walks the heap. */
const settleMs = 1000
const program = fileURLToPath(new URL('./throughput-target.mjs', import.meta.url))

printMachine()
const folder = mkdtempSync(join(tmpdir(), 'pprofd-bench-'))
const daemon = await startProcess([pprofd, 'serve', '--listen', '127.0.0.1:0'], /"msg":"listening"/)
const { url } = JSON.parse(daemon.line)
try {
  for (const functions of [1000, 50_000]) await measure(functions)
} finally {
  await daemon.stop()
  rmSync(folder, { recursive: true })
}

async function measure(functions) {
  const target = fork(program, [functions], {
    execArgv: ['--inspect-port=0'],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  await once(target, 'message')
  await delay(3000)
  const contenders = {
    nothing: { start: async () => {}, stop: async () => {} },
    'pprofd, 100 Hz': recording(target, 100),
    '@datadog/pprof, 100 Hz': fromInside(target, 10_000),
    'pprofd, 1 kHz': recording(target, 1000),
    '@datadog/pprof, 1 kHz': fromInside(target, 1000),
  }
  const results = new Map(Object.keys(contenders).map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, { start, stop }] of Object.entries(contenders)) {
      results.get(name).push(await pair(target, start, stop))
    }
  }
  target.kill('SIGKILL')
  await once(target, 'exit')
  console.log(
    `\n${functions} functions; ${rounds} pairs of ${windowMs / 1000} s, median (min to max)`,
  )
  console.table(
    Object.fromEntries(
      [...results].map(([name, pairs]) => [
        name,
        {
          'work done, ratio': spread(
            pairs.map(({ before, during }) => during.count / before.count),
            3,
          ),
          'p99 of a turn, ms': spread(
            pairs.map(({ during }) => during.p99),
            2,
          ),
          'ratio ': spread(
            pairs.map(({ before, during }) => during.p99 / before.p99),
            2,
          ),
          'longest at its start, ms': spread(pairs.map(({ starting }) => starting.max)),
          'at its end, ms': spread(pairs.map(({ ending }) => ending.max)),
        },
      ]),
    ),
  )
}

async function pair(target, start, stop) {
  await take(target)
  await delay(windowMs)
  const before = await take(target)
  await start()
  await delay(settleMs)
  const starting = await take(target)
  await delay(windowMs)
  const during = await take(target)
  await stop()
  const ending = await take(target)
  return { before, starting, during, ending }
}

function recording(target, hz) {
  const seconds = (settleMs + windowMs) / 1000 + 1
  const path = `/targets/${target.pid}/debug/pprof/profile?seconds=${seconds}&hz=${hz}&force=1`
  let answer
  return {
    start: async () => {
      answer = fetch(`${url}${path}`)
    },
    stop: async () => {
      const response = await answer
      await response.arrayBuffer()
      if (!response.ok) throw new Error(`${path}: ${response.status}`)
    },
  }
}

function fromInside(target, intervalMicros) {
  const send = async (message) => {
    target.send(message)
    await once(target, 'message')
  }
  return {
    start: () => send({ datadog: 'start', intervalMicros }),
    stop: async () => {
      // As long as the other's recording goes on.
      await delay(1000)
      await send({ datadog: 'stop' })
    },
  }
}

async function take(target) {
  target.send({ take: true })
  const [result] = await once(target, 'message')
  return result
}
