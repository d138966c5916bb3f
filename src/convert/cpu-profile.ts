/**
 * V8's CPU profile, out of its JSON text into columns.
 * https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile
 *
 * What does not make sense is refused with CaptureError `recording-invalid`: missing parts, negative or
 * repeated ids, a node with two parents, a cycle, samples of unknown nodes. Two things are repaired:
 * unknown members are skipped, and a time delta beyond 35 minutes (2^31 us) counts as 35 minutes.
 */
import { CaptureError } from '../errors.ts'
import { type CallFrame, CallFrames } from './call-frames.ts'
import { IntList } from './int-list.ts'
import { JsonScanner, keys } from './json-scanner.ts'
import { indexOfIds, linkNodes } from './link-nodes.ts'

/** A node is known by its index, 0 to `nodeCount - 1`, as is a call frame. */
export interface CpuProfile {
  readonly nodeCount: number
  /** Index of each node's parent; -1 for a root. */
  readonly parents: Int32Array
  /** The nodes, parents before their children. */
  readonly topDown: Int32Array
  /** Index of each node's call frame. */
  readonly frames: Int32Array
  readonly callFrames: readonly CallFrame[]
  /** How often the sampler hit each node: fewer than `samples`, which also hold what is no tick. */
  readonly hitCounts: Int32Array
  /** Node `n` has its position ticks at `tickStarts[n]` up to `tickStarts[n + 1]`. */
  readonly tickStarts: Int32Array
  /** 1-based line of each position tick, and how many samples hit it. */
  readonly tickLines: Int32Array
  readonly tickCounts: Int32Array
  /** Index of the node that each sample hit. */
  readonly samples: Int32Array
  /** Microseconds from the sample before; from `startTimeUs` for the first. V8 emits negative ones too. */
  readonly timeDeltasUs: Int32Array
  /** On V8's monotonic clock. */
  readonly startTimeUs: number
  readonly endTimeUs: number
}

const profileKeys = keys('nodes', 'startTime', 'endTime', 'samples', 'timeDeltas')
const nodeKeys = keys('id', 'callFrame', 'hitCount', 'children', 'positionTicks', 'parent')
const tickKeys = keys('line', 'ticks')
const maxInt = 2 ** 31 - 1

export function parseCpuProfile(json: Uint8Array): CpuProfile {
  const scanner = new JsonScanner(json)
  let nodes: Nodes | undefined
  let samples: IntList | undefined
  let timeDeltas: IntList | undefined
  let startTimeUs: number | undefined
  let endTimeUs: number | undefined
  scanner.openObject()
  while (scanner.nextMember(profileKeys)) {
    const key = scanner.key(profileKeys)
    if (key === 'nodes') nodes = readNodes(scanner, json)
    else if (key === 'samples') samples = readCounts(scanner, 'a sample')
    else if (key === 'timeDeltas') timeDeltas = readDeltas(scanner)
    else if (key === 'startTime') startTimeUs = readTime(scanner)
    else if (key === 'endTime') endTimeUs = readTime(scanner)
    else scanner.skip()
  }
  scanner.end()

  if (!nodes) throw missing('nodes')
  if (!samples) throw missing('samples')
  if (!timeDeltas) throw missing('timeDeltas')
  if (startTimeUs === undefined) throw missing('startTime')
  if (endTimeUs === undefined) throw missing('endTime')
  if (timeDeltas.length !== samples.length) {
    throw invalid(`it has ${samples.length} samples but ${timeDeltas.length} time deltas`)
  }
  if (endTimeUs < startTimeUs) throw invalid('it ends before it starts')

  const indexOf = indexOfIds(nodes.ids.items())
  const { parents, topDown } = linkNodes(nodes.ids.items(), nodes.edges, indexOf)
  const hits = samples.items()
  for (let at = 0; at < hits.length; at++) {
    const id = hits[at] ?? 0
    const index = indexOf(id)
    if (index < 0) throw invalid(`a sample names node ${id}, which it does not hold`)
    hits[at] = index
  }
  return {
    nodeCount: nodes.ids.length,
    parents,
    topDown,
    frames: nodes.frames.items(),
    callFrames: nodes.callFrames,
    hitCounts: nodes.hitCounts?.items() ?? countHits(hits, nodes.ids.length),
    tickStarts: nodes.tickStarts.items(),
    tickLines: nodes.tickLines.items(),
    tickCounts: nodes.tickCounts.items(),
    samples: hits,
    timeDeltasUs: timeDeltas.items(),
    startTimeUs,
    endTimeUs,
  }
}

type Nodes = ReturnType<typeof readNodes>

function readNodes(scanner: JsonScanner, json: Uint8Array) {
  const ids = new IntList()
  const frames = new IntList()
  const hitCounts = new IntList()
  let hasHitCounts = false
  const edges = { parentIds: new IntList(), childIds: new IntList() }
  const tickStarts = new IntList()
  const tickLines = new IntList()
  const tickCounts = new IntList()
  const callFrames = new CallFrames(scanner, json)

  scanner.openArray()
  while (scanner.nextElement()) {
    let id = -1
    let frame = -1
    let parentId = -1
    let hitCount = 0
    tickStarts.push(tickLines.length)
    scanner.openObject()
    while (scanner.nextMember(nodeKeys)) {
      const key = scanner.key(nodeKeys)
      if (key === 'id') id = readCount(scanner, 'a node id')
      else if (key === 'callFrame') frame = callFrames.read()
      else if (key === 'hitCount') {
        hitCount = readCount(scanner, 'a hit count')
        hasHitCounts = true
      } else if (key === 'children') readCounts(scanner, 'a child', edges.childIds)
      else if (key === 'positionTicks') readTicks(scanner, tickLines, tickCounts)
      else if (key === 'parent') parentId = readCount(scanner, 'a parent')
      else scanner.skip()
    }
    if (id < 0) throw scanner.fail('a node has no id')
    if (frame < 0) throw scanner.fail(`node ${id} has no callFrame`)
    ids.push(id)
    frames.push(frame)
    hitCounts.push(hitCount)
    while (edges.parentIds.length < edges.childIds.length) edges.parentIds.push(id)
    if (parentId >= 0) {
      edges.childIds.push(id)
      edges.parentIds.push(parentId)
    }
  }
  tickStarts.push(tickLines.length)
  return {
    ids,
    frames,
    hitCounts: hasHitCounts ? hitCounts : undefined,
    edges,
    tickStarts,
    tickLines,
    tickCounts,
    callFrames: callFrames.all,
  }
}

function readTicks(scanner: JsonScanner, lines: IntList, counts: IntList): void {
  scanner.openArray()
  while (scanner.nextElement()) {
    let line = 0
    let ticks = 0
    scanner.openObject()
    while (scanner.nextMember(tickKeys)) {
      const key = scanner.key(tickKeys)
      if (key === 'line') line = readCount(scanner, 'the line of a position tick')
      else if (key === 'ticks') ticks = readCount(scanner, 'the count of a position tick')
      else scanner.skip()
    }
    lines.push(line)
    counts.push(ticks)
  }
}

function readCounts(scanner: JsonScanner, what: string, list = new IntList()): IntList {
  scanner.openArray()
  for (;;) {
    scanner.digits(list)
    if (!scanner.nextElement()) return list
    list.push(readCount(scanner, what))
  }
}

function readDeltas(scanner: JsonScanner): IntList {
  const list = new IntList()
  scanner.openArray()
  for (;;) {
    scanner.digits(list)
    if (!scanner.nextElement()) return list
    list.push(Math.round(Math.max(-maxInt, Math.min(maxInt, scanner.number()))))
  }
}

/** The protocol lets `hitCount` be absent. */
function countHits(samples: Int32Array, nodeCount: number): Int32Array {
  const counts = new Int32Array(nodeCount)
  for (const node of samples) counts[node] = (counts[node] ?? 0) + 1
  return counts
}

/** A whole number from 0 to 2^31 - 1: an id, a line or a count. */
function readCount(scanner: JsonScanner, what: string): number {
  const value = scanner.number()
  if (!Number.isInteger(value) || value < 0 || value > maxInt) {
    throw scanner.fail(`${what} is ${value}, not a whole number from 0 to ${maxInt}`)
  }
  return value
}

function readTime(scanner: JsonScanner): number {
  const value = scanner.number()
  if (!Number.isSafeInteger(Math.round(value)) || value < 0) {
    throw scanner.fail(`a time is ${value}`)
  }
  return Math.round(value)
}

function missing(part: string): CaptureError {
  return invalid(`it has no ${part}`)
}

function invalid(problem: string): CaptureError {
  return new CaptureError(
    'recording-invalid',
    `The target sent an unusable CPU profile: ${problem}.`,
  )
}
