// Two busy processes and a daemon that records one of them all the time, and then the other.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startTwins, workAWhile } from './busy-process.mjs'
import { pprofd, startProcess } from './processes.mjs'

/** The daemon looks for what it has to record every 5 s. */
const recordedMs = 30_000

/** `door`: closed or open. The twins rest until they are asked to work. */
export async function startRecordedTwins(kind, { door, hz }) {
  const folder = mkdtempSync(join(tmpdir(), 'pprofd-bench-'))
  const file = join(folder, 'pprofd.yaml')
  const twins = await startTwins(kind)
  const configure = (recorded) => {
    const targets = twins.map(({ pid }, index) => {
      return { name: `twin${index}`, pid, record: { continuous: index === recorded } }
    })
    const record = { hz, door }
    const state = { listen: '127.0.0.1:0', stateDir: folder }
    writeFileSync(file, JSON.stringify({ ...state, discover: { enabled: false }, targets, record }))
  }
  configure(undefined)
  const daemon = await startProcess([pprofd, 'serve', '--config', file], /"msg":"listening"/)
  const { url } = JSON.parse(daemon.line)
  const idleKb = residentKb(daemon.pid)
  const ask = async (index, query) => {
    const response = await fetch(`${url}/targets/twin${index}/debug/pprof/profile?${query}`)
    await response.arrayBuffer()
    return response.ok
  }
  return {
    twins,
    /** Records this one, and only this one. */
    record: async (index) => {
      configure(index)
      process.kill(daemon.pid, 'SIGHUP')
      const until = performance.now() + recordedMs
      while (!(await ask(index, 'last=1')) || (await ask(1 - index, 'last=1'))) {
        if (performance.now() > until) throw new Error('the daemon did not record its target')
        await delay(250)
      }
      await workAWhile(twins)
    },
    /** A profile of a second, at the rate of the chain. */
    profile: async (index) => {
      if (!(await ask(index, `seconds=1&hz=${hz}`))) throw new Error('the daemon gave no profile')
    },
    grownMb: () => (residentKb(daemon.pid) - idleKb) / 1024,
    stop: async () => {
      await daemon.stop()
      await Promise.all(twins.map((twin) => twin.stop()))
      rmSync(folder, { recursive: true })
    },
  }
}

function residentKb(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}
