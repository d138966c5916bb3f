// Runs commands as a reader would, says each, and keeps what failed.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

export class Steps {
  failed = []
  count = 0
  #children = []
  #options

  constructor(options = {}) {
    this.#options = options
  }

  /** A script that ends; its output, which must fit `expected`. */
  async run(script, expected = /(?:)/) {
    const child = this.#start(script)
    const [code] = await once(child.process, 'close')
    this.#judge(script, child.output(), code === 0 && expected.test(child.output()), expected)
    return child.output()
  }

  /** A command that stays, and is up as soon as its output fits `ready`. */
  async background(script, ready) {
    const child = this.#start(script)
    this.#children.push(child.process)
    const isOver = () => child.process.exitCode !== null || ready.test(child.output())
    for (let tries = 0; tries < 3000 && !isOver(); tries++) await delay(100)
    this.#judge(script, child.output(), ready.test(child.output()), ready)
    return { output: child.output(), stop: () => stop(child.process) }
  }

  check(what, isSo, seen = '') {
    this.#judge(what, String(seen), isSo)
  }

  async end() {
    for (const child of this.#children) await stop(child)
    console.log(`${this.count} steps, ${this.failed.length} failed`)
  }

  #start(script) {
    const process = spawn('bash', ['-ec', script], {
      ...this.#options,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    let output = ''
    for (const stream of [process.stdout, process.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk
      })
    }
    return { process, output: () => output }
  }

  #judge(what, output, isGood, expected) {
    this.count++
    console.log(`${isGood ? 'ok    ' : 'FAILED'} ${what.trim().replaceAll('\n', '\n       ')}`)
    if (isGood) return
    this.failed.push(what)
    if (expected) console.log(`       expected ${expected}`)
    console.log(output.slice(-3000).replace(/^/gm, '       | '))
  }
}

/** The shell and what it started are one group. */
async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'close')
  process.kill(-child.pid, 'SIGINT')
  await closed
}
