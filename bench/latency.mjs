// How much longer than asked a CPU profile takes through the daemon, what of it the
// target pays, and how long its inspector is open: attached by SIGUSR1, and through an inspector that
// was open already; beside a bare inspector client that checks and converts nothing.
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { recordBare } from './bare-client.mjs'
import { pprofd, printMachine, spread, startProcess } from './processes.mjs'
import { showTable } from './results.mjs'
import { watchListeners } from './watch-listeners.mjs'

const windowMs = Number(process.argv[2] ?? 5) * 1000
const rounds = Number(process.argv[3] ?? 5)
const program = fileURLToPath(new URL('./latency-target.mjs', import.meta.url))

printMachine()
const daemon = await startProcess([pprofd, 'serve', '--listen', '127.0.0.1:0'], /"listening"/)
const daemonUrl = JSON.parse(daemon.line).url
const lingering = ['--attach.linger', '600']
const warmDaemon = await startProcess(
  [pprofd, 'serve', '--listen', '127.0.0.1:0', ...lingering],
  /"listening"/,
)
const warmUrl = JSON.parse(warmDaemon.line).url
const goals = {}
const captures = {
  'bare client, inspector open': captureBare,
  'pprofd, warm': (target) => capture(target, warmUrl),
}
for (const functions of [1000, 50_000]) {
  const title = `target with ${functions} functions; ms, median (min to max) of ${rounds}`
  showTable(String(functions), title, await measure(functions))
}
showTable(
  'goals',
  "the goals: ms beyond the window, without V8's own start and stop (warm: without its stop)",
  goals,
)
await daemon.stop()
await warmDaemon.stop()

async function measure(functions) {
  const contenders = {
    'pprofd, SIGUSR1': await startTarget(functions, '--inspect-port'),
    'pprofd, warm': await startTarget(functions, '--inspect-port'),
    'pprofd, inspector open': await startTarget(functions, '--inspect'),
    'bare client, inspector open': await startTarget(functions, '--inspect'),
  }
  const results = new Map(Object.keys(contenders).map((name) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const [name, target] of Object.entries(contenders)) {
      const result = await alone(target, captures[name] ?? capture)
      // The first round warms up the daemon's code.
      if (round > 0) results.get(name).push(result)
    }
  }
  for (const { pid, stop } of Object.values(contenders)) {
    process.kill(pid, 'SIGCONT')
    await stop()
  }
  const cold = results.get('pprofd, SIGUSR1')
  const warm = results.get('pprofd, warm')
  goals[`${functions} functions, cold`] = {
    beyond: spread(cold.map(({ beyondMs, startMs, stopMs }) => beyondMs - startMs - stopMs)),
    goal: 300,
    'inspector open beyond': spread(
      cold.map(({ openMs, startMs, stopMs }) => openMs - windowMs - startMs - stopMs),
    ),
    'goal ': 500,
  }
  goals[`${functions} functions, warm`] = {
    beyond: spread(warm.map(({ beyondMs, stopMs }) => beyondMs - stopMs)),
    goal: 50,
  }
  const row = (list, key) => spread(list.map((result) => result[key]))
  return Object.fromEntries(
    [...results].map(([name, list]) => [
      name,
      {
        'beyond the window': row(list, 'beyondMs'),
        attach: row(list, 'attachMs'),
        'start pause': row(list, 'startMs'),
        'stop pause': row(list, 'stopMs'),
        'inspector open': row(list, 'openMs'),
      },
    ]),
  )
}

async function startTarget(functions, flag) {
  const port = await freePort()
  const target = await startProcess([`${flag}=${port}`, program, String(functions)], /^ready$/)
  // The compiler works on for a moment.
  await new Promise((resolve) => setTimeout(resolve, 1000))
  process.kill(target.pid, 'SIGSTOP')
  return { ...target, port }
}

/** The targets of the other contenders are stopped meanwhile: they would take its CPU. */
async function alone(target, work) {
  process.kill(target.pid, 'SIGCONT')
  await new Promise((resolve) => setTimeout(resolve, 100))
  try {
    return await work(target)
  } finally {
    process.kill(target.pid, 'SIGSTOP')
  }
}

async function capture({ pid }, url = daemonUrl) {
  const watch = watchListeners(pid)
  const begin = performance.now()
  const answer = await fetch(`${url}/targets/${pid}/debug/pprof/profile?seconds=${windowMs / 1000}`)
  await answer.arrayBuffer()
  const elapsedMs = performance.now() - begin
  if (answer.status !== 200) throw new Error(`the daemon answered ${answer.status}`)
  const header = (name) => Number(answer.headers.get(`x-pprofd-${name}-ms`))
  return {
    beyondMs: elapsedMs - windowMs,
    attachMs: header('attach'),
    startMs: header('start-pause'),
    stopMs: header('stop-pause'),
    openMs: watch.end(),
  }
}

async function captureBare({ port }) {
  const begin = performance.now()
  const { startMs, stopMs } = await recordBare(port, windowMs)
  const beyondMs = performance.now() - begin - windowMs
  return { beyondMs, attachMs: Number.NaN, startMs, stopMs, openMs: Number.NaN }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}
