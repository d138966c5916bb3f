// A heap snapshot of some 1 GB through the daemon, beside `v8.writeHeapSnapshot()` in the process
// itself: time, memory of the daemon and of the target, and whether every byte arrives.
// `npm run bench heapsnapshot -- 100` takes a heap of 100 MB instead of 520; that one needs 10 GB of memory.
import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pprofd, printMachine, startProcess } from './processes.mjs'
import { showTable } from './results.mjs'

const heapMb = Number(process.argv[2] ?? 520)
const program = fileURLToPath(new URL('./heapsnapshot-target.mjs', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'pprofd-bench-'))
const children = new Set()
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

printMachine()
const rows = {}
rows['v8.writeHeapSnapshot()'] = await inProcess()
rows['pprofd, the client takes all it gets'] = await throughDaemon({})
rows['the same, gzip'] = await throughDaemon({ encoding: 'gzip' })
rows['the same, 50 MB/s'] = await throughDaemon({ bytesPerSecond: 50e6 })
rows['through a relay that reads along'] = await throughDaemon({ relayed: true })
const title = `one snapshot each of a new process with ${heapMb} MB of heap; MB, seconds`
showTable('snapshots', title, rows)
process.exit()

async function inProcess() {
  const target = await startTarget()
  const file = join(folder, 'in-process.heapsnapshot')
  const before = memoryOf(target.pid)
  target.send(file)
  const [tookMs] = await once(target, 'message')
  const sizeBytes = statSync(file).size
  rmSync(file)
  return { ...figures(sizeBytes, tookMs, tookMs), ...growth(target, before) }
}

async function throughDaemon({ encoding = 'identity', bytesPerSecond, relayed }) {
  const target = await startTarget(relayed ? ['--inspect=0'] : ['--inspect-port=0'])
  const relay = relayed ? await startRelay(await inspectorPort(target)) : undefined
  const config = join(folder, 'pprofd.yaml')
  const which = relay ? `port: ${relay.port}` : `pid: ${target.pid}`
  writeFileSync(config, `profiles: [heapsnapshot]\ntargets:\n  - name: big\n    ${which}\n`)
  const args = [
    pprofd,
    'serve',
    '--config',
    config,
    '--listen',
    '127.0.0.1:0',
    '--state-dir',
    folder,
  ]
  const daemon = await startProcess(args, /"url":/)
  const url = String(JSON.parse(daemon.line).url).replace(/\/$/, '')
  await (await fetch(`${url}/targets/big/debug/pprof/`)).text()
  const idle = memoryOf(daemon.pid)
  const before = memoryOf(target.pid)
  const begin = performance.now()
  const path = `${url}/targets/big/debug/heapsnapshot?force=1`
  const answer = get(path, { headers: { 'Accept-Encoding': encoding } })
  const [response] = await once(answer, 'response')
  const hash = createHash('sha256')
  let sizeBytes = 0
  for await (const chunk of response) {
    sizeBytes += chunk.length
    if (relay) hash.update(chunk)
    const dueMs = begin + (sizeBytes / bytesPerSecond) * 1000
    if (dueMs > performance.now())
      await new Promise((go) => setTimeout(go, dueMs - performance.now()))
  }
  const tookMs = performance.now() - begin
  if (response.statusCode !== 200) throw new Error(`${response.statusCode}`)
  const peak = memoryOf(daemon.pid)
  await daemon.stop()
  return {
    ...figures(sizeBytes, tookMs, Number(response.trailers['x-pprofd-pause-ms'])),
    ...growth(target, before),
    'daemon idle': toMb(idle.VmRSS),
    'daemon peak above': toMb(peak.VmHWM - idle.VmRSS),
    ...(relay && { identical: relay.digest() === hash.digest('hex') }),
  }
}

function figures(sizeBytes, tookMs, pauseMs) {
  const row = { size: toMb(sizeBytes), took: (tookMs / 1000).toFixed(1) }
  return { ...row, 'target stood still': (pauseMs / 1000).toFixed(1) }
}

function growth(target, before) {
  const { VmHWM, VmRSS } = memoryOf(target.pid)
  target.kill('SIGKILL')
  return { 'target grew by': toMb(VmHWM - before.VmRSS), 'and keeps': toMb(VmRSS - before.VmRSS) }
}

async function startTarget(flags = []) {
  const execArgv = [...flags, '--max-old-space-size=8000']
  const target = fork(program, [heapMb], { execArgv, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  children.add(target)
  target.stderrText = ''
  target.stderr.on('data', (text) => (target.stderrText += text))
  await once(target, 'message')
  return target
}

async function inspectorPort({ stderrText }) {
  return Number(/ws:\/\/[^:]+:(\d+)/.exec(stderrText)[1])
}

/** Passes bytes on and hashes the chunks of the snapshot that are in them. */
async function startRelay(targetPort) {
  const hash = createHash('sha256')
  const server = createServer((near) => {
    const far = connect(targetPort, '127.0.0.1')
    near.pipe(far)
    far.pipe(near)
    far.on(
      'data',
      frameReader((text) => {
        if (!text.startsWith('{"method":"HeapProfiler.addHeapSnapshotChunk"')) return
        hash.update(JSON.parse(text).params.chunk)
      }),
    )
    near.on('error', () => far.destroy())
    far.on('error', () => near.destroy())
    near.on('close', () => far.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: server.address().port, digest: () => hash.digest('hex') }
}

/** Whole, unmasked text frames (RFC 6455, section 5.2) behind the answer to the upgrade. */
function frameReader(onText) {
  let rest = Buffer.alloc(0)
  let isUpgraded = false
  return (data) => {
    rest = Buffer.concat([rest, data])
    if (!isUpgraded) {
      const end = rest.indexOf('\r\n\r\n')
      if (end === -1 || !rest.toString('latin1', 0, 12).endsWith('101')) return
      isUpgraded = true
      rest = rest.subarray(end + 4)
    }
    for (;;) {
      if (rest.length < 2) return
      const short = rest[1]
      const head = short === 127 ? 10 : short === 126 ? 4 : 2
      if (rest.length < head) return
      const length =
        head === 10 ? Number(rest.readBigUInt64BE(2)) : head === 4 ? rest.readUInt16BE(2) : short
      if (rest.length < head + length) return
      if ((rest[0] & 15) === 1) onText(rest.toString('utf8', head, head + length))
      rest = rest.subarray(head + length)
    }
  }
}

function memoryOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const field = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)[1]) * 1024
  return { VmRSS: field('VmRSS'), VmHWM: field('VmHWM') }
}

function toMb(bytes) {
  return Math.round(bytes / 1e6)
}
