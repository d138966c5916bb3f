// What the soak does to the daemon: clients that scrape, leave and end captures, targets that die, and
// clients that mean harm. Each is a loop that rests while the figures are taken.
import { get, request } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startProcess } from './processes.mjs'

/** Of every endpoint that touches a target, the shortest that records. */
const captures = [
  'debug/pprof/profile?seconds=1',
  'debug/pprof/profile?seconds=1&format=markdown&tree=1',
  'debug/pprof/wall?seconds=1',
  'debug/pprof/heap?seconds=1',
  'debug/pprof/allocs?seconds=1',
  'debug/pprof/block?seconds=1',
  'debug/pprof/mutex?seconds=1',
  'debug/pprof/goroutine',
  'debug/pprof/goroutine?debug=2',
  'debug/pprof/threadcreate?workers=1',
  'debug/pprof/trace?seconds=1',
  'debug/fgtrace?seconds=1',
  'debug/panicparse',
  'debug/pprof/retained',
  'debug/heapsnapshot',
  'memory',
]

const pages = [
  '/',
  '/healthz',
  '/metrics',
  '/targets',
  '/captures',
  '/debug/pprof/?target=self',
  '/debug/pprof/symbol?0x1+0x2',
  '/nope',
  '/%zz',
  '/targets/999999999/debug/pprof/heap',
]

const garbage = [
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'GET\r\n\r\n',
  'GET / HTTP/9.9\r\nHost: localhost\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
  'GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n',
  'POST /debug/pprof/symbol HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  `${'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(200)}`,
  'GET /targets/self/debug/pprof/profile?seconds=1&seconds=-1 HTTP/1.1\r\nHost: localhost\r\n',
]

export class SoakLoad {
  /** How often each answer came: `200`, `429`, `cut`. */
  answers = new Map()
  /** Answers that are a fault of the daemon. */
  faults = []
  targets = []
  #port
  #isOver = false
  #working = 0
  #resting
  #loops = []

  constructor(port) {
    this.#port = port
  }

  async start() {
    for (let i = 0; i < 4; i++) this.targets.push(await newTarget(i))
    const actors = [
      () => this.#scrape(),
      () => this.#scrape(),
      () => this.#scrape(),
      () => this.#leave(),
      () => this.#delete(),
      () => this.#restart(),
      () => this.#sendGarbage(),
      () => this.#flood(),
      () => this.#stall(),
      () => this.#holdHeads(),
    ]
    this.#loops = actors.map((act) => this.#loop(act))
  }

  /** Resolves when no actor is at work. */
  async rest() {
    let wake = () => {}
    this.#resting = new Promise((resolve) => {
      wake = resolve
    })
    while (this.#working > 0) await sleep(50)
    return () => {
      this.#resting = undefined
      wake()
    }
  }

  async stop() {
    this.#isOver = true
    await Promise.all(this.#loops)
    await Promise.all(this.targets.map(({ stop }) => stop()))
  }

  async #loop(act) {
    while (!this.#isOver) {
      await this.#resting
      this.#working++
      try {
        await act()
      } catch (error) {
        this.faults.push(String(error))
      }
      this.#working--
      await sleep(20)
    }
  }

  async #scrape() {
    await this.#ask(oneOf(pages), 'pages')
    await this.#ask(this.#capture(), 'captures')
  }

  /** Leaves a capture in its middle. */
  async #leave() {
    const asking = get({ port: this.#port, path: this.#capture(20), agent: false })
    asking.on('error', () => {})
    asking.on('response', (response) => response.on('error', () => {}).resume())
    await sleep(Math.random() * 1500)
    asking.destroy()
  }

  async #delete() {
    const waiting = this.#ask(this.#capture(20), 'captures')
    await sleep(Math.random() * 1000)
    for (const { id } of await this.#running())
      await this.#ask(`/captures/${id}`, 'deletes', 'DELETE')
    await waiting
  }

  /** Kills a target, whatever it does, and starts another one. */
  async #restart() {
    await sleep(2000)
    const i = Math.floor(Math.random() * this.targets.length)
    process.kill(this.targets[i].pid, Math.random() < 0.5 ? 'SIGKILL' : 'SIGTERM')
    this.targets[i] = await newTarget(i)
  }

  async #sendGarbage() {
    const socket = this.#connect()
    socket.write(oneOf(garbage), 'latin1')
    await sleep(Math.random() * 500)
    socket.destroy()
  }

  /** 300 connections at once, most beyond the limit. */
  async #flood() {
    const sockets = Array.from({ length: 300 }, () => this.#connect())
    for (const socket of sockets) socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await sleep(500)
    for (const socket of sockets) socket.destroy()
    await sleep(3000)
  }

  /** Asks for what is large and takes nothing of it, until it is cut off. */
  async #stall() {
    const path = `/targets/${oneOf(this.targets).pid}/debug/heapsnapshot`
    const socket = this.#connect()
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    await Promise.race([new Promise((resolve) => socket.once('close', resolve)), sleep(8000)])
    socket.destroy()
  }

  /** Connections that say nothing, or never end their head. */
  async #holdHeads() {
    const sockets = Array.from({ length: 20 }, () => this.#connect())
    for (const socket of sockets.slice(10)) socket.write('GET / HTTP/1.1\r\nHost: loc')
    await sleep(7000)
    for (const socket of sockets) socket.destroy()
  }

  #connect() {
    return connect(this.#port, '127.0.0.1').on('error', () => {})
  }

  #capture(seconds = 1) {
    const path = oneOf(captures).replace('seconds=1', `seconds=${seconds}`)
    return `/targets/${oneOf(this.targets).pid}/${path}`
  }

  async #running() {
    const answer = await fetch(`http://127.0.0.1:${this.#port}/captures`, {
      headers: { connection: 'close' },
    }).catch(() => undefined)
    // A flood may have all the connections.
    if (!answer?.ok) return []
    const { captures } = await answer.json()
    return captures.filter(({ state }) => state === 'running')
  }

  /** Counts the answer; 500 is nobody's fault but the daemon's. */
  #ask(path, kind, method = 'GET') {
    return new Promise((resolve) => {
      const count = (outcome) => {
        const key = `${kind} ${outcome}`
        this.answers.set(key, (this.answers.get(key) ?? 0) + 1)
        if (outcome === 500) this.faults.push(`500 for ${path}`)
        resolve()
      }
      const asking = request({ port: this.#port, path, method, agent: false }, (response) => {
        response.on('error', () => count('cut'))
        response.on('end', () => count(response.statusCode)).resume()
      })
      asking.on('error', () => count('refused')).end()
    })
  }
}

async function newTarget(i) {
  const program = fileURLToPath(new URL('./many-target.mjs', import.meta.url))
  // Not 9229: whatever else runs here may use that meanwhile.
  return startProcess([`--inspect-port=${9400 + i}`, program], /^ready$/)
}

function oneOf(list) {
  return list[Math.floor(Math.random() * list.length)]
}
