// Runs one contender on one file and prints what it took: conversion-contender.mjs <name> <file>
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

const [, , name, file] = process.argv
const json = readFileSync(file)
const convert = contenders[name]
// What the contender itself loads is not its conversion's memory.
require('pprof-format')
if (name === '@datadog/pprof') require('@datadog/pprof/out/src/profile-serializer.js')
globalThis.gc()
const beforeBytes = process.memoryUsage().rss
const first = timed()
const peakBytes = process.resourceUsage().maxRSS * 1024 - beforeBytes
const warm = Array.from({ length: 3 }, timed).sort((a, b) => a.cpuMs - b.cpuMs)[1]
const outputBytes = convert(json).length
// Read before: the text is taken away.
const fresh = readFileSync(file)
const holeMs = await longestHole(name === 'pprofd' ? convertInThread : async () => convert(json))
console.log(
  JSON.stringify({
    firstMs: first.wallMs,
    firstCpuMs: first.cpuMs,
    warmCpuMs: warm.cpuMs,
    peakBytes: Math.max(peakBytes, 1),
    outputBytes,
    holeMs,
  }),
)

/** CPU time of all of the process's threads too: it hardly depends on what else the machine does. */
function timed() {
  const start = process.cpuUsage()
  const startMs = performance.now()
  convert(json)
  const wallMs = performance.now() - startMs
  const { user, system } = process.cpuUsage(start)
  return { wallMs, cpuMs: (user + system) / 1000 }
}

/** How long a timer of 1 ms has to wait at most, until what `work` does is done. */
async function longestHole(work) {
  let lastMs = performance.now()
  let longestMs = 0
  const tick = () => {
    const nowMs = performance.now()
    longestMs = Math.max(longestMs, nowMs - lastMs)
    lastMs = nowMs
  }
  const timer = setInterval(tick, 1)
  await work()
  tick()
  clearInterval(timer)
  return longestMs
}

/** As the server does it, gzipped; the first time, so the thread is started for it. */
async function convertInThread() {
  const conversions = new Conversions()
  const recording = recordingOf(fresh)
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
