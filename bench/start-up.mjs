// How long the daemon takes until it listens, and what memory it holds while nobody asks;
// beside Node with nothing and a hello world with fastify. The commands are timed to their end.
// `start-up.mjs [rounds] [idle seconds]`, by default 10 and 5: V8 gives memory back within a minute.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { pprofd, printMachine, spread, startProcess } from './processes.mjs'
import { showTable } from './results.mjs'

const rounds = Number(process.argv[2] ?? 10)
const idleMs = Number(process.argv[3] ?? 5) * 1000
const helloWorld = fileURLToPath(new URL('./start-up-fastify.mjs', import.meta.url))

const servers = [
  ['node alone', ['-e', 'console.log("up"); setInterval(() => {}, 1e8)'], /^up$/],
  ['fastify hello world', [helloWorld], /^listening$/],
  ['pprofd serve', [pprofd, 'serve', '--listen', '127.0.0.1:0'], /"msg":"listening"/],
]
const commands = [
  ['node -e 0', ['-e', '0']],
  ['pprofd --version', [pprofd, '--version']],
  ['pprofd check self', [pprofd, 'check', 'self']],
]

printMachine()
showTable(
  'servers',
  `servers; median (min to max) of ${rounds}, memory after ${idleMs / 1000} s without a request`,
  await measureServers(),
)
showTable('commands', `commands; median (min to max) of ${rounds}`, measureCommands())

async function measureServers() {
  const results = new Map(servers.map(([name]) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    const started = []
    for (const [name, args, line] of servers) {
      started.push([name, await startProcess(args, line)])
    }
    await new Promise((resolve) => setTimeout(resolve, idleMs))
    for (const [name, { pid, startMs }] of started) {
      results.get(name).push({ startMs, ...memoryOf(pid) })
    }
    await Promise.all(started.map(([, { stop }]) => stop()))
  }
  const row = (list, key) => spread(list.map((result) => result[key]))
  return Object.fromEntries(
    [...results].map(([name, list]) => [
      name,
      {
        'until it listens, ms': row(list, 'startMs'),
        'resident, MB': row(list, 'residentMb'),
        'of it not in files, MB': row(list, 'anonymousMb'),
      },
    ]),
  )
}

/** VmRSS and RssAnon of proc_pid_status(5): the rest is Node's executable, shared by all of them. */
function memoryOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  const megabytes = (field) =>
    (Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024) / 1e6
  return { residentMb: megabytes('VmRSS'), anonymousMb: megabytes('RssAnon') }
}

function measureCommands() {
  const results = new Map(commands.map(([name]) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, args] of commands) {
      const begin = performance.now()
      spawnSync(process.execPath, args, { stdio: 'ignore' })
      results.get(name).push(performance.now() - begin)
    }
  }
  return Object.fromEntries([...results].map(([name, list]) => [name, { ms: spread(list) }]))
}
