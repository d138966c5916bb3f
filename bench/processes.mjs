// Processes of a benchmark, and how its figures are shown.
import { spawn } from 'node:child_process'
import { cpus, totalmem } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Spread } from './statistics.mjs'

export const pprofd = fileURLToPath(new URL('../dist/main.js', import.meta.url))

const running = new Set()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Resolves, with the time since the spawn, at the first line of stdout that matches. */
export async function startProcess(args, firstLine) {
  const begin = performance.now()
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  running.add(child)
  const exit = new Promise((resolve) => child.once('exit', resolve))
  void exit.then(() => running.delete(child))
  for await (const line of createInterface({ input: child.stdout })) {
    if (!firstLine.test(line)) continue
    const startMs = performance.now() - begin
    // Nobody reads on, and a full pipe must not stop it.
    child.stdout.resume()
    const stop = async () => {
      child.kill('SIGTERM')
      await exit
    }
    return { pid: child.pid, line, startMs, stop }
  }
  throw new Error(`node ${args.join(' ')} ended without ${firstLine}`)
}

/** A pprofd with its `url`, on a free port. */
export async function startDaemon(...flags) {
  const args = [pprofd, 'serve', '--listen', '127.0.0.1:0', ...flags]
  const daemon = await startProcess(args, /"msg":"listening"/)
  return { ...daemon, url: JSON.parse(daemon.line).url }
}

export function printMachine() {
  const [cpu] = cpus()
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`
  const machine = `${process.platform} ${process.arch}, ${cpus().length} x ${cpu?.model}, ${memory}`
  console.log(`${machine}, node ${process.version}`)
}

/** `median (min to max)`, a dash where there is nothing to measure. */
export function spread(values, digits = 0) {
  return new Spread(values, digits)
}
