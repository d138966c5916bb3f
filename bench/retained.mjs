// Who holds the memory of a heap of 200 MB with a cache of 50 MB: time and memory, through the daemon
// and of a saved snapshot, beside reading the same file with JSON.parse and doing nothing with it.
// `npm run bench retained -- 10 30` takes a cache of 10 MB beside 30 MB.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pprofd, printMachine, startProcess } from './processes.mjs'
import { showTable } from './results.mjs'

const [cacheMb = '50', restMb = '150'] = process.argv.slice(2)
const rounds = 3
const program = fileURLToPath(new URL('../test/fixtures/targets/cached.cjs', import.meta.url))
const parseOnly = fileURLToPath(new URL('./retained-parse.mjs', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'pprofd-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const state = ['--state-dir', folder]

printMachine()
const heap = ['--expose-gc', '--inspect-port=0', program, cacheMb, restMb]
const target = await startProcess(heap, /^ready /)
showTable('daemon', target.line, [await throughDaemon()])

const snapshot = join(folder, 'bench.heapsnapshot')
await run([pprofd, 'heapsnapshot', String(target.pid), '-o', snapshot, '--force'])
await target.stop()
const sizeMb = Math.round(statSync(snapshot).size / 1e6)
const contenders = {
  'pprofd retained': [pprofd, 'retained', snapshot, '-o', join(folder, 'out.pb.gz')],
  'JSON.parse alone': ['--max-old-space-size=12000', parseOnly, snapshot],
}
const runs = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]))
for (let round = 0; round < rounds; round++) {
  for (const [name, args] of Object.entries(contenders)) runs[name].push(await run(args))
}
const title = `a saved snapshot of ${sizeMb} MB, ${rounds} rounds, median`
const rows = Object.entries(runs).map(([name, all]) => [name, median(all)])
showTable('saved', title, Object.fromEntries(rows))
process.exit()

async function throughDaemon() {
  const daemon = await startProcess(
    [pprofd, 'serve', '--listen', '127.0.0.1:0', ...state],
    /"url":/,
  )
  const url = String(JSON.parse(daemon.line).url).replace(/\/$/, '')
  await (await fetch(`${url}/targets/${target.pid}/debug/pprof/`)).text()
  const idleMb = memoryMb(daemon.pid, 'VmRSS')
  const begin = performance.now()
  let slowestMs = 0
  const asking = setInterval(async () => {
    const askedMs = performance.now()
    await (await fetch(`${url}/healthz`)).text()
    slowestMs = Math.max(slowestMs, performance.now() - askedMs)
  }, 100)
  const response = await fetch(`${url}/targets/${target.pid}/debug/pprof/retained`)
  const { byteLength } = await response.arrayBuffer()
  const tookMs = performance.now() - begin
  clearInterval(asking)
  if (response.status !== 200) throw new Error(`status ${response.status}`)
  const pauseMs = Number(response.headers.get('x-pprofd-pause-ms'))
  const peakMb = memoryMb(daemon.pid, 'VmHWM')
  await daemon.stop()
  return {
    'answer s': (tookMs / 1000).toFixed(1),
    'of it the pause s': (pauseMs / 1000).toFixed(1),
    'daemon idle MB': idleMb,
    'daemon peak MB': peakMb,
    'slowest /healthz meanwhile ms': Math.round(slowestMs),
    'answer kB': Math.round(byteLength / 1e3),
  }
}

/** Runs node to its end; what it took, with its peak as the kernel counts it. */
async function run(args) {
  const begin = performance.now()
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, PPROFD_STATE_DIR: folder },
  })
  let peakMb = 0
  // The peak only grows, so its last reading is at most 20 ms old.
  const watching = setInterval(() => {
    peakMb = Math.max(peakMb, memoryMb(child.pid, 'VmHWM'))
  }, 20)
  const [code] = await once(child, 'exit')
  clearInterval(watching)
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${code}`)
  return { seconds: (performance.now() - begin) / 1000, peakMb }
}

function median(all) {
  const middle = (key) => all.map((one) => one[key]).sort((a, b) => a - b)[all.length >> 1]
  const peakMb = middle('peakMb')
  const perJson = (peakMb / sizeMb).toFixed(1)
  return { seconds: middle('seconds').toFixed(1), 'peak MB': peakMb, 'peak, x JSON': perJson }
}

function memoryMb(pid, field) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    // A process that has just ended has no memory any more.
    const kilobytes = Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? 0)
    return Math.round((kilobytes * 1024) / 1e6)
  } catch {
    return 0
  }
}
