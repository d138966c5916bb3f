// A busy process (throughput-target.mjs) as the benchmarks see it.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('./throughput-target.mjs', import.meta.url))
/** For V8 to optimise what is hot. */
const warmUpMs = 3000
/** Stopping ends its IPC answers: they come from its event loop, whose longest turn is a start of a profile. */
const answerMs = 60_000

const running = new Set()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Resolves when it is warm. */
export async function startBusy(kind, { execArgv = [], cwd } = {}) {
  const child = fork(program, [kind], {
    // No other process's port.
    execArgv: ['--inspect-port=0', ...execArgv],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    cwd,
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  const answer = async () => {
    const [message] = await once(child, 'message', { signal: AbortSignal.timeout(answerMs) })
    return message
  }
  const send = (message) => {
    child.send(message)
    return answer()
  }
  await answer()
  await delay(warmUpMs)
  return {
    pid: child.pid,
    send,
    take: () => send({ take: true }),
    rest: () => send({ rest: true }),
    work: () => send({ rest: false }),
    /** What it does in this time. */
    window: async (ms) => {
      await send({ take: true })
      await delay(ms)
      return send({ take: true })
    },
    stop: async () => {
      child.kill('SIGKILL')
      if (running.has(child)) await once(child, 'exit')
    },
  }
}

/** Two of a kind, which rest until they are asked to work. */
export async function startTwins(kind) {
  const twins = []
  for (let index = 0; index < 2; index++) {
    twins[index] = await startBusy(kind)
    await twins[index].rest()
  }
  return twins
}

/** V8's walk over the heap, when its profiler starts, is paid for for some seconds of work. */
const afterStartMs = 3000

/** Both work for a while after one of them has begun to be recorded. */
export async function workAWhile(twins) {
  for (const twin of twins) {
    await twin.work()
    await delay(afterStartMs)
    await twin.rest()
  }
}
