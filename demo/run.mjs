// npm run demo: the demo service as a plain, unmodified process under its own load, pprofd beside
// it, and the lines to paste. `--once` takes one profile by itself and ends; `--port N` is pprofd's.
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { hostname, userInfo } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { instructions } from './instructions.mjs'
import { startChild } from './start-child.mjs'

const usualPort = 8081
const entry = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const children = []

const { port, once } = readArguments()
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => end(0))
try {
  await run()
} catch (error) {
  console.error(`error: ${error.message}`)
  await end(1)
}

async function run() {
  if (!existsSync(entry)) throw new Error('pprofd is not built yet; run: npm run build')
  const service = start('service', ['demo/service/main.mjs'])
  const { pid, url: serviceUrl } = await service.ready(readyLine)
  start('load', ['demo/load.mjs', serviceUrl])

  const wanted = port ?? ((await isFree(usualPort)) ? usualPort : 0)
  const daemon = start('pprofd', ['dist/main.js', 'serve', '--listen', `127.0.0.1:${wanted}`])
  const { url } = await daemon.ready(listeningLine)
  const base = url.replace(/\/$/, '')
  if (port === undefined && wanted === 0) console.log(`Port ${usualPort} is taken: using another.`)

  if (once) return await profileOnce(base, pid)
  const login = `${userInfo().username}@${hostname()}`
  console.log(instructions({ base, pid, serviceUrl, login }))
}

/** One profile through the daemon, printed as its summary. */
async function profileOnce(base, pid) {
  console.log(`Profiling process ${pid} for 3 s through ${base}`)
  const url = `${base}/targets/${pid}/debug/pprof/profile?seconds=3&format=markdown`
  const answer = await fetch(url)
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${text.trim()}`)
  console.log(text.split('\n').slice(0, 30).join('\n'))
  await end(0)
}

function start(name, args) {
  const child = startChild(name, args, (problem) => {
    console.error(`error: ${problem}`)
    return end(1)
  })
  children.push(child)
  return child
}

/** Last started, first stopped: pprofd restores the service while that still runs. */
async function end(code) {
  for (const child of children.splice(0).reverse()) await child.stop()
  process.exit(code)
}

function readyLine(line) {
  return line.startsWith('ready {') ? JSON.parse(line.slice('ready '.length)) : undefined
}

function listeningLine(line) {
  if (!line.startsWith('{')) return undefined
  const entry = JSON.parse(line)
  return entry.msg === 'listening' ? entry : undefined
}

function isFree(port) {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}

function readArguments() {
  const options = { port: { type: 'string' }, once: { type: 'boolean', default: false } }
  try {
    const { values } = parseArgs({ options })
    const port = values.port === undefined ? undefined : Number(values.port)
    if (port === undefined || (Number.isInteger(port) && port >= 0 && port < 65_536)) {
      return { port, once: values.once }
    }
    console.error(`error: --port must be a whole number from 0 to 65535, not "${values.port}"`)
  } catch (error) {
    console.error(`error: ${error.message}`)
  }
  process.exit(2)
}
