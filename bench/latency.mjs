// How much longer than asked a CPU profile takes through the daemon, what of it the
// target pays, and how long its inspector is open: attached by SIGUSR1, through a session that was kept
// (attach.linger), through an inspector that was open already, and out of the chain in which a target is that is
// asked regularly (record.scraped); beside a bare inspector client that checks and converts nothing.
// `latency.mjs [window, s] [rounds]`
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { recordBare } from './bare-client.mjs'
import { printMachine, spread, startDaemon, startProcess } from './processes.mjs'
import { showTable } from './results.mjs'
import { watchListeners } from './watch-listeners.mjs'

const windowMs = Number(process.argv[2] ?? 5) * 1000
const rounds = Number(process.argv[3] ?? 5)
const program = fileURLToPath(new URL('./latency-target.mjs', import.meta.url))

printMachine()
/** So many requests at the same distance bring a target into a chain. */
const scrapesBefore = 3
const daemon = await startDaemon()
const warmDaemon = await startDaemon('--attach.linger', '600')
const chainDaemon = await startDaemon('--record.scraped')
const goals = {}
const captures = {
  'bare client, inspector open': captureBare,
  'pprofd, warm': (target) => capture(target, warmDaemon.url),
}
for (const functions of [1000, 50_000]) {
  const title = `target with ${functions} functions; ms, median (min to max) of ${rounds}`
  showTable(String(functions), title, await measure(functions))
}
showTable(
  'goals',
  "the goals: ms beyond the window, without V8's own start and stop (warm, chain: without its stop)",
  goals,
)
await Promise.all([daemon, warmDaemon, chainDaemon].map(({ stop }) => stop()))

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
  results.set('pprofd, out of the chain', await scrape(functions))
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
  const later = { warm, chain: results.get('pprofd, out of the chain') }
  for (const [name, list] of Object.entries(later)) {
    const beyond = spread(list.map(({ beyondMs, stopMs }) => beyondMs - stopMs))
    goals[`${functions} functions, ${name}`] = { beyond, goal: 50 }
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

/** When the others are gone: a chain goes on between two requests, for which its target must run. */
async function scrape(functions) {
  const target = await startTarget(functions, '--inspect-port')
  process.kill(target.pid, 'SIGCONT')
  const results = []
  for (let round = 0; round < scrapesBefore + rounds; round++) {
    const result = await capture(target, chainDaemon.url)
    if (round >= scrapesBefore) results.push(result)
  }
  await target.stop()
  return results
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

async function capture({ pid }, url = daemon.url) {
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
