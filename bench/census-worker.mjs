// The census through a worker thread in the target (worker=1) beside the one that the kernel allows:
// time, what it reads, the longest hole in the target's loop and what its memory grows by.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { recordGoroutines } from './build/captures/goroutine.js'
import { Targets } from './build/targets/targets.js'
import { printMachine, spread } from './processes.mjs'
import { showTable } from './results.mjs'

const pathOf = (name) => fileURLToPath(new URL(name, import.meta.url))
const looks = Number(process.argv[2] ?? 10)
const sizes = process.argv[3]?.split(',').map(Number) ?? [1000, 100_000]
const targets = new Targets({
  configured: [],
  discover: true,
  commandTimeoutMs: 10_000,
  maxMessageBytes: 2 ** 30,
})

printMachine()
for (const functions of sizes) await compare(functions)
process.exit()

async function compare(functions) {
  const target = await start(functions)
  const found = await targets.resolve(String(target.pid))
  const rows = {}
  // In turns, and the first look learns the layout.
  await recordGoroutines(targets, found)
  const results = { quiet: [], direct: [], worker: [] }
  const before = memoryOf(target.pid)
  for (let look = 0; look < looks; look++) {
    results.quiet.push(await measure(target, () => delay(1000)))
    results.direct.push(await measure(target, () => recordGoroutines(targets, found)))
    if (look === 0) rows.before = { 'target has, MB': before }
    results.worker.push(
      await measure(target, () => recordGoroutines(targets, found, { worker: true })),
    )
  }
  for (const [name, all] of Object.entries(results)) {
    rows[name] = {
      'time, ms': spread(all.map(({ ms }) => ms)),
      'longest hole, ms': spread(
        all.map(({ gapMs }) => gapMs),
        1,
      ),
      'at its peak it grew by, MB': spread(
        all.map(({ grownMb }) => grownMb),
        1,
      ),
      counted: all.at(-1).counted,
    }
  }
  await delay(1000)
  rows.afterwards = { 'target has, MB': memoryOf(target.pid), counted: threadsOf(target.pid) }
  showTable(String(functions), `${functions} suspended functions`, rows)
  target.kill()
}

async function measure(target, run) {
  const before = memoryOf(target.pid)
  let peak = before
  const timer = setInterval(() => {
    peak = Math.max(peak, memoryOf(target.pid))
  }, 20)
  const begin = performance.now()
  let recording
  const gapMs = await target.gapOf(async () => {
    recording = await run()
  })
  clearInterval(timer)
  const entries = recording?.entries.filter(({ kind }) => kind === 'async-function') ?? []
  const counted = entries.reduce((sum, { count }) => sum + count, 0)
  return { ms: performance.now() - begin, gapMs, grownMb: peak - before, counted }
}

async function start(functions) {
  const flags = [
    '--inspect=0',
    '--max-old-space-size=8000',
    '--require',
    pathOf('./census-gaps.cjs'),
  ]
  const program = [pathOf('./census-target.cjs'), String(functions)]
  const child = spawn(process.execPath, [...flags, ...program], { stdio: 'pipe' })
  process.on('exit', () => child.kill('SIGKILL'))
  child.stderr.resume()
  const lines = createInterface({ input: child.stdout })
  for (let line = ''; !line.startsWith('ready'); ) [line] = await once(lines, 'line')
  const ask = async () => {
    const answer = once(lines, 'line')
    child.stdin.write('\n')
    return Number((await answer)[0].slice('gap '.length))
  }
  const gapOf = async (run) => {
    await ask()
    await run()
    return ask()
  }
  return { pid: child.pid, gapOf, kill: () => child.kill('SIGKILL') }
}

function memoryOf(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024
}

function threadsOf(pid) {
  return `${/Threads:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]} threads`
}
