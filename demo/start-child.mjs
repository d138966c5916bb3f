// Starts one of the demo's processes and watches it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const readyTimeoutMs = 20_000
// pprofd promises to end within 5 s of a SIGTERM; twice that before it is forced.
const stopTimeoutMs = 10_000

/** `onFailure` hears in one sentence that the process ended although nobody stopped it. */
export function startChild(name, args, onFailure) {
  const env = { ...process.env }
  // The service is to be a plain process, whatever started the demo.
  delete env.NODE_OPTIONS
  // Its own group: a Ctrl-C reaches the demo alone, which then stops its processes in order.
  const options = { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true }
  const child = spawn(process.execPath, args, options)
  const lines = []
  const watchers = new Set()
  let stopping = false

  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line)
      // What a person needs of a failure is at the end.
      if (lines.length > 50) lines.shift()
      for (const look of watchers) look(line)
    })
  }
  child.once('exit', (code, signal) => {
    if (!stopping) onFailure(`${name} ended with ${signal ?? code}: ${lines.slice(-5).join(' | ')}`)
  })

  return { ready, stop }

  /** What `read` makes of the first line that it does not answer with undefined. */
  function ready(read) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`${name} was not ready within ${readyTimeoutMs / 1_000} s`))
      }, readyTimeoutMs)
      const look = (line) => {
        const found = read(line)
        if (found === undefined) return
        clearTimeout(timer)
        watchers.delete(look)
        resolve(found)
      }
      watchers.add(look)
      for (const line of [...lines]) look(line)
    })
  }

  async function stop() {
    stopping = true
    if (child.exitCode !== null || child.signalCode !== null) return
    const forced = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
    clearTimeout(forced)
  }
}
