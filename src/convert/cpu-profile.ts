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
import { linkNodes, NodeIds } from './link-nodes.ts'
import { NodeColumns } from './node-columns.ts'
import { readPlainNodes } from './plain-nodes.ts'

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
  let nodes: NodeColumns | undefined
  let callFrames: CallFrames | undefined
  let samples: IntList | undefined
  let timeDeltas: IntList | undefined
  let startTimeUs: number | undefined
  let endTimeUs: number | undefined
  scanner.openObject()
  while (scanner.nextMember(profileKeys)) {
    const key = scanner.key(profileKeys)
    if (key === 'nodes') {
      callFrames = new CallFrames(scanner, json)
      nodes = readNodes(scanner, callFrames)
    } else if (key === 'samples') {
      samples = readCounts(scanner, 'a sample', new IntList(expectedSamples(nodes, json)))
    } else if (key === 'timeDeltas') timeDeltas = readDeltas(scanner, samples?.length)
    else if (key === 'startTime') startTimeUs = readTime(scanner)
    else if (key === 'endTime') endTimeUs = readTime(scanner)
    else scanner.skip()
  }
  scanner.end()

  if (!nodes || !callFrames) throw missing('nodes')
  if (!samples) throw missing('samples')
  if (!timeDeltas) throw missing('timeDeltas')
  if (startTimeUs === undefined) throw missing('startTime')
  if (endTimeUs === undefined) throw missing('endTime')
  if (timeDeltas.length !== samples.length) {
    throw invalid(`it has ${samples.length} samples but ${timeDeltas.length} time deltas`)
  }
  if (endTimeUs < startTimeUs) throw invalid('it ends before it starts')

  const ids = nodes.ids.items()
  const indexes = new NodeIds(ids)
  const { parents, topDown } = linkNodes(ids, nodes, indexes)
  const hits = samples.items()
  const stranger = indexes.replace(hits)
  if (stranger !== undefined)
    throw invalid(`a sample names node ${stranger}, which it does not hold`)
  return {
    nodeCount: ids.length,
    parents,
    topDown,
    frames: nodes.frames.items(),
    callFrames: callFrames.all,
    hitCounts: nodes.hasHitCounts ? nodes.hitCounts.items() : countHits(hits, ids.length),
    tickStarts: nodes.tickStarts.items(),
    tickLines: nodes.tickLines.items(),
    tickCounts: nodes.tickCounts.items(),
    samples: hits,
    timeDeltasUs: timeDeltas.items(),
    startTimeUs,
    endTimeUs,
  }
}

function readNodes(scanner: JsonScanner, callFrames: CallFrames): NodeColumns {
  const nodes = new NodeColumns()
  scanner.openArray()
  for (;;) {
    readPlainNodes(scanner, callFrames, nodes)
    if (!scanner.nextElement()) break
    readNode(scanner, callFrames, nodes)
  }
  nodes.tickStarts.push(nodes.tickLines.length)
  return nodes
}

/** With any members in any order. */
function readNode(scanner: JsonScanner, callFrames: CallFrames, nodes: NodeColumns): void {
  let id = -1
  let frame = -1
  let parentId = -1
  let hitCount = 0
  const tickStart = nodes.tickLines.length
  scanner.openObject()
  while (scanner.nextMember(nodeKeys)) {
    const key = scanner.key(nodeKeys)
    if (key === 'id') id = readCount(scanner, 'a node id')
    else if (key === 'callFrame') frame = callFrames.read()
    else if (key === 'hitCount') {
      hitCount = readCount(scanner, 'a hit count')
      nodes.hasHitCounts = true
    } else if (key === 'children') readCounts(scanner, 'a child', nodes.childIds)
    else if (key === 'positionTicks') readTicks(scanner, nodes)
    else if (key === 'parent') parentId = readCount(scanner, 'a parent')
    else scanner.skip()
  }
  if (id < 0) throw scanner.fail('a node has no id')
  if (frame < 0) throw scanner.fail(`node ${id} has no callFrame`)
  nodes.add(id, frame, hitCount, tickStart)
  if (parentId >= 0) {
    nodes.childIds.push(id)
    nodes.parentIds.push(parentId)
  }
}

function readTicks(scanner: JsonScanner, { tickLines, tickCounts }: NodeColumns): void {
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
    tickLines.push(line)
    tickCounts.push(ticks)
  }
}

function readCounts(scanner: JsonScanner, what: string, list: IntList): IntList {
  return readInts(scanner, list, () => readCount(scanner, what))
}

function readDeltas(scanner: JsonScanner, expected?: number): IntList {
  const clamped = () => Math.round(Math.max(-maxInt, Math.min(maxInt, scanner.number())))
  return readInts(scanner, new IntList(expected), clamped)
}

/** `readOther` reads what is not a plain number. */
function readInts(scanner: JsonScanner, list: IntList, readOther: () => number): IntList {
  scanner.openArray()
  for (;;) {
    const count = scanner.plainNumbers(block)
    list.append(block, count)
    if (count === block.length) continue
    if (!scanner.nextElement()) return list
    list.push(readOther())
  }
}

/** What was read last, on its way to a list. */
const block = new Int32Array(4096)

/** Every hit is a sample, and few samples are none; whatever the nodes say, the text has no more. */
function expectedSamples(nodes: NodeColumns | undefined, json: Uint8Array): number {
  let hits = 0
  for (const count of nodes?.hitCounts.items() ?? []) hits += count
  return Math.min(hits + 256, json.length)
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
