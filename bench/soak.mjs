// Ten minutes (or `node bench/soak.mjs MINUTES`) of everything at once: scrapes, clients that leave,
// captures that are ended, targets that die, clients that mean harm. Once a minute all of them rest, and
// what the daemon holds then must not have grown. The exit code is the verdict.
import { spawn } from 'node:child_process'
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { pprofd, printMachine } from './processes.mjs'
import { showTable } from './results.mjs'
import { SoakLoad } from './soak-load.mjs'

const minutes = Number(process.argv[2] ?? 10)

/** What was not there a minute after the start, when code is loaded and pools have grown. */
const allowed = {
  residentMb: 60,
  heapMb: 12,
  descriptors: 12,
}

/**
 * Until those that were cut off are gone: heads take 6 s, stalled answers stallSeconds and one more, a target
 * that does not answer limits.commandTimeoutMs, which is 10 s.
 */
const settleMs = 12_000

const profiles =
  'profile, wall, block, mutex, heap, retained, heapsnapshot, goroutine, threadcreate, trace, fgtrace'
const configuration = `
profiles: [${profiles}]
limits: { stallSeconds: 3, connectionsPerUid: 100, maxRetainedBytes: 268435456 }
heap: { seconds: 1 }
goroutine: { minIntervalMs: 0 }
`

let probed = () => {}

printMachine()
const folder = mkdtempSync(join(tmpdir(), 'pprofd-soak-'))
const { child, port, errors, ended } = await startDaemon()
const load = new SoakLoad(port)
const rows = [await measure(0)]
await load.start()
for (let minute = 1; minute <= minutes; minute++) {
  await sleep(60_000)
  const goOn = await load.rest()
  await sleep(settleMs)
  rows.push(await measure(minute))
  console.log(JSON.stringify(rows.at(-1)))
  goOn()
}
await load.stop()
const complaints = judge()
console.log('descriptors at the end, by what they are:')
console.table(kindsOf(descriptors(child.pid)))
child.kill('SIGTERM')
await ended
rmSync(folder, { recursive: true })

showTable('soak', `${minutes} minutes`, rows)
const answers = [...load.answers].sort().map(([key, count]) => [key, { count }])
showTable('answers', 'what was answered', Object.fromEntries(answers))
for (const complaint of complaints) console.log(`not flat: ${complaint}`)
console.log(complaints.length === 0 ? 'verdict: flat' : 'verdict: NOT flat')
process.exitCode = complaints.length === 0 ? 0 : 1

async function startDaemon() {
  const file = join(folder, 'pprofd.yaml')
  writeFileSync(file, configuration)
  const probe = ['--expose-gc', '--import', new URL('./soak-probe.mjs', import.meta.url).href]
  const args = [
    ...probe,
    pprofd,
    'serve',
    '--config',
    file,
    '--listen',
    '127.0.0.1:0',
    '--state-dir',
    folder,
  ]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  process.on('exit', () => child.kill('SIGKILL'))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const errors = []
  const port = await new Promise((resolve, reject) => {
    void ended.then(() => reject(new Error('the daemon did not start')))
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { msg, url, level, err, ...memory } = JSON.parse(line)
      if (msg === 'probe') probed(memory)
      if (msg === 'listening') resolve(Number(new URL(url).port))
      if (level >= 50) errors.push(`${msg}: ${err?.stack ?? ''}`)
    })
  })
  return { child, port, errors, ended }
}

/** At rest, after a thorough collection in the daemon, so that garbage is not taken for growth. */
async function measure(minute) {
  const memory = await new Promise((resolve) => {
    probed = resolve
    child.kill('SIGUSR2')
  })
  const { captures } = JSON.parse(await ask('/captures'))
  const metrics = await ask('/metrics')
  const metric = (name) => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(metrics)?.[1])
  const status = readFileSync(`/proc/${child.pid}/status`, 'latin1')
  const links = descriptors(child.pid)
  return {
    minute,
    'resident, MB': tenths(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024),
    'heap, MB': tenths(memory.heapUsed / 2 ** 20),
    'external, MB': tenths(memory.external / 2 ** 20),
    threads: Number(/Threads:\s+(\d+)/.exec(status)?.[1]),
    descriptors: links.length,
    sockets: links.filter((link) => link.startsWith('socket:')).length,
    // Those of targets, which are to be closed when nobody records.
    inspectors: load.targets.reduce((sum, { pid }) => sum + listeners(pid), 0),
    'left open': metric('pprofd_inspector_left_open'),
    running: metric('pprofd_captures_running'),
    listed: captures.filter(({ state }) => state === 'running').length,
    answers: [...load.answers.values()].reduce((sum, count) => sum + count, 0),
    faults: load.faults.length + errors.length,
  }
}

function judge() {
  const first = rows[1] ?? rows[0]
  const last = rows.at(-1)
  const grew = (key, limit) => {
    const by = last[key] - first[key]
    return by > limit ? [`${key} grew by ${tenths(by)}, ${limit} is allowed`] : []
  }
  const rested = ['inspectors', 'left open', 'running', 'listed'].flatMap((key) =>
    rows.filter((row) => row[key] > 0).map((row) => `${key}: ${row[key]} in minute ${row.minute}`),
  )
  return [
    ...grew('resident, MB', allowed.residentMb),
    ...grew('heap, MB', allowed.heapMb),
    ...grew('descriptors', allowed.descriptors),
    ...grew('threads', 4),
    ...rested,
    ...load.faults,
    ...errors,
    ...(child.exitCode === null ? [] : ['the daemon has ended']),
  ]
}

async function ask(path) {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    headers: { connection: 'close' },
  })
  if (!answer.ok) throw new Error(`${answer.status} for ${path}: ${await answer.text()}`)
  return answer.text()
}

function descriptors(pid) {
  const path = `/proc/${pid}/fd`
  try {
    return readdirSync(path).flatMap((name) => {
      try {
        return [readlinkSync(join(path, name))]
      } catch {
        return []
      }
    })
  } catch {
    return []
  }
}

function kindsOf(links) {
  const kinds = {}
  for (const link of links) {
    const kind = link.replace(/\d+/g, 'N')
    kinds[kind] = { count: (kinds[kind]?.count ?? 0) + 1 }
  }
  return kinds
}

/** Sockets of the process in state LISTEN, see proc_pid_net(5). */
function listeners(pid) {
  const own = new Set(descriptors(pid).map((link) => /^socket:\[(\d+)\]/.exec(link)?.[1]))
  const rows = readFileSync('/proc/net/tcp', 'latin1').split('\n').slice(1)
  return rows.filter((row) => {
    const fields = row.trim().split(/\s+/)
    return fields[3] === '0A' && own.has(fields[9])
  }).length
}

function tenths(value) {
  return Math.round(value * 10) / 10
}
