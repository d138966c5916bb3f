// Runs one contender on one file and prints what it took, of CPU time, of memory, or of the event loop:
// conversion-contender.mjs <name> <file> time <runs> | memory <small file> | hole
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpuPprof } from './build/convert/cpu-pprof.js'
import { cpuStacks } from './build/convert/cpu-stacks.js'
import { Conversions } from './build/server/conversion/conversions.js'

const require = createRequire(import.meta.url)
const intervalUs = 1000

const contenders = {
  pprofd: (json) => cpuPprof(stacksOf(json)).bytes,
  'scan + pprof-format': (json) => encodeStacks(stacksOf(json)),
  'JSON.parse + pprof-format': (json) => encodeNodes(JSON.parse(String(json))),
  '@datadog/pprof': (json) => serializeTree(JSON.parse(String(json))),
}

const [, , name, file, what, option] = process.argv
const json = readFileSync(file)
const convert = contenders[name]
// What the contender itself loads is not its conversion's.
require('pprof-format')
if (name === '@datadog/pprof') require('@datadog/pprof/out/src/profile-serializer.js')
const measures = { time: () => times(Number(option)), memory: () => memory(option), hole }
console.log(JSON.stringify(await measures[what]()))

/** Of the first conversion in the process, the second, and the last three. */
function times(runs) {
  const [first, second, ...later] = Array.from({ length: runs }, timed)
  const [, last] = later.slice(-3).sort((a, b) => a.cpuMs - b.cpuMs)
  const outputBytes = convert(json).length
  return {
    firstMs: first.wallMs,
    firstCpuMs: first.cpuMs,
    secondCpuMs: second.cpuMs,
    laterCpuMs: last.cpuMs,
    outputBytes,
  }
}

/** CPU time of all of the process's threads, V8's compiler's too: it hardly depends on what else the machine does. */
function timed() {
  const start = process.cpuUsage()
  const startMs = performance.now()
  convert(json)
  const wallMs = performance.now() - startMs
  const { user, system } = process.cpuUsage(start)
  return { wallMs, cpuMs: (user + system) / 1000 }
}

/** What the process grew by at most, over what it holds with the text and after a small conversion. */
function memory(smallFile) {
  convert(readFileSync(smallFile))
  globalThis.gc()
  const beforeBytes = process.memoryUsage().rss
  convert(json)
  return { peakBytes: Math.max(process.resourceUsage().maxRSS * 1024 - beforeBytes, 1) }
}

/**
 * The longest that one turn of the loop takes until the conversion is done: as a timer of 1 ms sees it, and
 * of the thread's own CPU time, which the machine's other work does not add to (Linux only).
 */
async function hole() {
  let lastMs = performance.now()
  let lastCpuMs = ownCpuMs()
  let [holeMs, holeCpuMs] = [0, 0]
  const tick = () => {
    const [nowMs, nowCpuMs] = [performance.now(), ownCpuMs()]
    holeMs = Math.max(holeMs, nowMs - lastMs)
    holeCpuMs = Math.max(holeCpuMs, nowCpuMs - lastCpuMs)
    lastMs = nowMs
    lastCpuMs = nowCpuMs
  }
  const timer = setInterval(tick, 1)
  if (name === 'pprofd') await convertInThread()
  else convert(json)
  tick()
  clearInterval(timer)
  return { holeMs, holeCpuMs }
}

function ownCpuMs() {
  if (process.platform !== 'linux') return Number.NaN
  return Number.parseInt(readFileSync('/proc/thread-self/schedstat', 'latin1'), 10) / 1e6
}

/** As the server does it, gzipped; the first time, so the thread is started for it. The text is taken away. */
async function convertInThread() {
  const conversions = new Conversions()
  const recording = recordingOf(json)
  await conversions.run({ kind: 'profile', recording, format: 'pprof' }, undefined, 'move')
  await conversions.close()
}

function stacksOf(profileJson) {
  return cpuStacks(recordingOf(profileJson))
}

function recordingOf(profileJson) {
  const target = { pid: 1, name: 'shop', nodeVersion: process.version, executable: '/usr/bin/node' }
  return {
    threads: [{ pid: 1, thread: 'main', profileJson }],
    target: { ...target, workingDirectory: '/srv/shop' },
    startedAtMs: Date.now(),
    askedDurationMs: 30_000,
    askedHz: 1e6 / intervalUs,
    samplingIntervalUs: intervalUs,
    startPauseMs: 0,
    stopPauseMs: 0,
    attachMs: 0,
    openedInspector: false,
  }
}

/** The same stacks and values as pprofd's, through pprof-format's objects: what our encoder saves. */
function encodeStacks({ frames, threads: [thread] }) {
  const pprof = newPprof()
  const locationIds = new Map()
  for (let stack = 0; stack < thread.stackCount; stack++) {
    if (thread.selfSamples[stack] === 0 || frames[thread.frames[stack]].isIdle) continue
    const locationId = []
    for (let at = stack; at >= 0; at = thread.parents[at]) {
      const index = thread.frames[at]
      if (!locationIds.has(index)) locationIds.set(index, pprof.addLocation(frames[index]))
      locationId.push(locationIds.get(index))
    }
    pprof.addSample(locationId, thread.selfSamples[stack], thread.selfUs[stack] * 1000)
  }
  return pprof.encode(thread.durationUs * 1000)
}

/** The converter one would write first: objects all the way. */
function encodeNodes({ nodes, startTime, endTime, samples, timeDeltas }) {
  const pprof = newPprof()
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parentOf = new Map()
  for (const node of nodes) for (const child of node.children ?? []) parentOf.set(child, node)
  const selfNs = new Map()
  for (let index = 0; index < samples.length; index++) {
    const ns = (timeDeltas[index + 1] ?? 0) * 1000
    selfNs.set(samples[index], (selfNs.get(samples[index]) ?? 0) + ns)
  }
  const locationIds = new Map()
  const locationOf = ({ callFrame: { functionName, url, lineNumber } }) => {
    const key = `${url}:${lineNumber}:${functionName}`
    if (!locationIds.has(key)) {
      const frame = { name: functionName || '(anonymous)', file: url, line: lineNumber + 1 }
      locationIds.set(key, pprof.addLocation(frame))
    }
    return locationIds.get(key)
  }
  for (const [id, ns] of selfNs) {
    const node = byId.get(id)
    if (node.callFrame.functionName === '(idle)') continue
    const locationId = []
    for (let at = node; at && at.id !== 1; at = parentOf.get(at.id)) locationId.push(locationOf(at))
    pprof.addSample(locationId, node.hitCount, ns)
  }
  return pprof.encode((endTime - startTime) * 1000)
}

/** Datadog's serializer takes the tree that its own profiler makes. */
function serializeTree({ nodes, startTime, endTime }) {
  const { serializeTimeProfile } = require('@datadog/pprof/out/src/profile-serializer.js')
  const byId = new Map()
  for (const { id, callFrame, hitCount } of nodes) {
    byId.set(id, {
      name: callFrame.functionName,
      scriptName: callFrame.url,
      scriptId: Number(callFrame.scriptId),
      lineNumber: callFrame.lineNumber + 1,
      columnNumber: callFrame.columnNumber + 1,
      hitCount,
      children: [],
    })
  }
  for (const { id, children = [] } of nodes) {
    byId.get(id).children = children.map((child) => byId.get(child))
  }
  const topDownRoot = byId.get(nodes[0].id)
  return serializeTimeProfile({ topDownRoot, startTime, endTime }, intervalUs).encode()
}

function newPprof() {
  const {
    Function: Fn,
    Line,
    Location,
    Profile,
    Sample,
    StringTable,
    ValueType,
  } = require('pprof-format')
  const strings = new StringTable()
  const type = (kind, unit) =>
    new ValueType({ type: strings.dedup(kind), unit: strings.dedup(unit) })
  const [sample, location, functions] = [[], [], []]
  return {
    addLocation({ name, file, line }) {
      const id = location.length + 1
      functions.push(new Fn({ id, name: strings.dedup(name), filename: strings.dedup(file) }))
      location.push(new Location({ id, line: [new Line({ functionId: id, line })] }))
      return id
    },
    addSample(locationId, count, ns) {
      sample.push(new Sample({ locationId, value: [count, ns] }))
    },
    encode(durationNanos) {
      const periodType = type('cpu', 'nanoseconds')
      const sampleType = [type('samples', 'count'), periodType]
      const tables = { sample, location, function: functions, stringTable: strings }
      const period = intervalUs * 1000
      return new Profile({ sampleType, periodType, period, durationNanos, ...tables }).encode()
    },
  }
}
