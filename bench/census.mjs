// The census of suspended functions beside what the inspector offers for the same: time, memory and how
// long the target stands still. Then 200 looks at a process that works and collects: `npm run bench
// census -- 20` makes it 20. Needs 6 GB of memory.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { WebSocket } from 'ws'
import { isPossible } from '../test/census/possible-stacks.mjs'
import { takeCensus } from './build/census/take-census.js'
import { isPossibleInServer } from './census-server-stacks.mjs'
import { printMachine, spread } from './processes.mjs'
import { showTable } from './results.mjs'

const pathOf = (name) => fileURLToPath(new URL(name, import.meta.url))
const gaps = pathOf('./census-gaps.cjs')
const looks = Number(process.argv[2] ?? 200)
const children = new Set()
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

printMachine()
for (const functions of [1000, 100_000, 1_000_000]) await compare(functions)
await lookAtBusy()
await lookAtServer()
process.exit()

async function compare(functions) {
  const target = await start([pathOf('./census-target.cjs'), String(functions)])
  const rows = {}
  const quietMs = await target.gapOf(() => new Promise((done) => setTimeout(done, 3000)))
  rows['nothing, for 3 s'] = { 'pause, ms': quietMs.toFixed(1) }
  const before = memoryOf(target.pid)
  let census
  const pauseMs = await target.gapOf(async () => {
    census = await read(target.pid)
  })
  rows.census = {
    'time, s': (census.durationMs / 1000).toFixed(2),
    'pause, ms': pauseMs.toFixed(1),
    'reader grew by, MB': Math.round(census.peakMb - census.idleMb),
    'target grew by, MB': Math.round((memoryOf(target.pid) - before) / 2 ** 20),
    'exact stacks': census.counts.sort((a, b) => b - a).join(', '),
  }
  rows['Runtime.queryObjects'] = await byInspector(target, queryPromises, pauseMs)
  // At a million it takes minutes and some 4 GB of the target's memory.
  if (functions <= 100_000) rows['heap snapshot'] = await byInspector(target, takeSnapshot, pauseMs)
  const heapMb = Math.round(census.heapBytes / 1e6)
  showTable(String(functions), `${functions} suspended functions, ${heapMb} MB of heap`, rows)
  target.kill()
}

async function lookAtBusy() {
  const target = await start([pathOf('../test/fixtures/targets/await-load.cjs')])
  const [without, during, durations, spreads] = [[], [], [], []]
  const wrong = new Map()
  let inexact = 0
  for (let look = 0; look < looks; look++) {
    let census
    const pauseMs = await target.gapOf(async () => {
      census = await takeCensus({ pid: target.pid, maxBytes: 2 ** 30 })
    })
    during.push(pauseMs)
    durations.push(census.durationMs)
    without.push(await target.gapOf(() => new Promise((go) => setTimeout(go, census.durationMs))))
    const groups = ofProgram(census)
    for (const text of groups.map(textOf)) if (!isPossible(text)) wrong.set(text, look)
    const still = groups.find(({ stack }) => stack[0].function === 'forever')
    if (still?.count !== 500 || still?.minCount !== 500) inexact++
    // Of what moves: clients that the two passes counted differently, of 50.
    const moving = groups.filter(({ stack }) => stack.at(-1).function === 'client')
    const sum = moving.reduce((total, { minCount }) => total + minCount, 0)
    spreads.push(50 - sum)
  }
  showTable('never idle', `${looks} looks at a process that is never idle for long`, {
    'wrong stacks': wrong.size,
    'looks in which 500 waiting functions were not 500': inexact,
    'clients, of 50, that were not in the same place in both passes': spread(spreads),
    'time, ms': spread(durations),
    'longest hole in its loop during a look, ms': spread(during, 1),
    'the same without one, ms': spread(without, 1),
  })
  for (const text of wrong.keys()) console.log(`wrong: ${text}`)
  target.kill()
}

/** An HTTP server that never rests: by itself, and stopped for the look. */
async function lookAtServer() {
  for (const clients of [1, 5, 50]) {
    const target = await start([pathOf('./census-server.cjs'), String(clients)])
    const rows = {}
    for (const stop of [false, true]) {
      const [shown, leftOut, durations, gaps] = [[], [], [], []]
      const wrong = new Map()
      let stacks = 0
      for (let look = 0; look < looks; look++) {
        let census
        const pauseMs = await target.gapOf(async () => {
          census = await takeCensus({ pid: target.pid, maxBytes: 2 ** 30, stop })
        })
        gaps.push(pauseMs)
        durations.push(census.durationMs)
        const groups = ofProgram(census)
        const sure = groups.filter(({ minCount, glanced }) => minCount > 0 || glanced > 0)
        stacks += sure.length
        for (const text of sure.map(textOf)) if (!isPossibleInServer(text)) wrong.set(text, look)
        shown.push(sumOf(sure))
        leftOut.push(sumOf(groups) - sumOf(sure))
      }
      rows[stop ? 'goroutine.stop' : 'as it runs'] = {
        'wrong stacks': `${wrong.size} of ${stacks}`,
        'functions shown': spread(shown),
        'left out': spread(leftOut),
        'time, ms': spread(durations),
        'longest hole in its loop, ms': spread(gaps, 1),
      }
      for (const text of wrong.keys()) console.log(`wrong: ${text}`)
    }
    const title = `${looks} looks at an HTTP server with ${clients} clients that never pause`
    showTable(`${clients} clients`, title, rows)
    target.kill()
  }
}

function ofProgram({ groups }) {
  return groups.filter(({ stack }) => !stack[0].url.startsWith('node:'))
}

function textOf({ stack }) {
  return stack.map((f) => (f.line ? `${f.function} ${f.line}:${f.column}` : f.function)).join(' < ')
}

function sumOf(groups) {
  return groups.reduce((sum, { count }) => sum + count, 0)
}

async function start(args) {
  const flags = ['--inspect=0', '--max-old-space-size=8000', '--require', gaps]
  const child = spawn(process.execPath, [...flags, ...args], { stdio: 'pipe' })
  children.add(child)
  let text = ''
  child.stderr.on('data', (data) => (text += data))
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
  return { pid: child.pid, gapOf, url: /ws:\S+/.exec(text)[0], kill: () => child.kill('SIGKILL') }
}

async function read(pid) {
  const reader = spawn(process.execPath, [pathOf('./census-reader.mjs'), String(pid)])
  let text = ''
  reader.stdout.on('data', (data) => (text += data))
  await once(reader, 'close')
  return JSON.parse(text)
}

async function byInspector(target, run, censusPauseMs) {
  const socket = new WebSocket(target.url, { maxPayload: 2 ** 30 })
  await once(socket, 'open')
  const before = memoryOf(target.pid)
  const begin = performance.now()
  const pauseMs = await target.gapOf(() => run(caller(socket)))
  const seconds = (performance.now() - begin) / 1000
  const grown = memoryOf(target.pid) - before
  socket.terminate()
  return {
    'time, s': seconds.toFixed(2),
    'pause, ms': pauseMs.toFixed(1),
    "x the census's pause": Math.round(pauseMs / censusPauseMs),
    'target grew by, MB': Math.round(grown / 2 ** 20),
  }
}

function caller(socket) {
  let lastId = 0
  return (method, params = {}) =>
    new Promise((resolve) => {
      const id = ++lastId
      socket.on('message', (data) => {
        if (data.length > 1e6 || !data.includes(`"id":${id},`)) return
        resolve(JSON.parse(data).result)
      })
      socket.send(JSON.stringify({ id, method, params }))
    })
}

async function queryPromises(call) {
  const { result } = await call('Runtime.evaluate', { expression: 'Promise.prototype' })
  await call('Runtime.queryObjects', { prototypeObjectId: result.objectId })
}

async function takeSnapshot(call) {
  await call('HeapProfiler.takeHeapSnapshot')
}

function memoryOf(pid) {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024
}
