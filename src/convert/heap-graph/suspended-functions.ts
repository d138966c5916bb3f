/** From a heap graph to groups of suspended functions: where each waits, for what, and who awaits it. */
import type {
  SuspendedFrame,
  SuspendedFunctions,
  SuspendedGroup,
  SuspendedHeader,
} from '../suspended-messages.ts'
import { AwaitGraph } from './await-graph.ts'
import type { HeapGraph } from './heap-graph.ts'
import { HttpRequestLabels } from './http-request-label.ts'
import { IncomingEdges } from './incoming-edges.ts'
import { OwningRequests } from './owning-request.ts'
import { SuspendedFrames } from './suspended-frames.ts'
import { readMarks } from './suspended-marks.ts'
import { type StackNode, SuspendedStacks } from './suspended-stacks.ts'
import type { WaitReason } from './wait-path.ts'
import { WaitReasons } from './wait-reasons.ts'

interface Group {
  readonly stack: number
  readonly kind: SuspendedGroup['kind']
  readonly reason: string
  count: number
  lowestIndex: number
  highestIndex: number
  /** That they work for. */
  readonly requests: Set<string>
}

/** Of the requests that functions of one group work for; more are only counted. */
const maxRequests = 3

export function suspendedFunctions(graph: HeapGraph, header: SuspendedHeader): SuspendedFunctions {
  const awaiting = new AwaitGraph(graph)
  const { reader } = awaiting
  const marks = readMarks(reader)
  const frames = new SuspendedFrames(awaiting, marks, header.marks)
  const stacks = new SuspendedStacks(awaiting, frames)
  const labels = new HttpRequestLabels(reader, header.withQuery)
  const isOurs = (node: number) => marks.holders.has(node)
  const reasons = new WaitReasons(awaiting, new IncomingEdges(graph), isOurs)
  const requests = new OwningRequests(awaiting, labels)
  const groups = new Map<string, Group>()
  stacks.forEachLeaf((generator, stack, count) => {
    const isCircular = stacks.isCircular(generator)
    const found = isCircular ? undefined : reasons.of(awaiting.waitsOn(generator))
    const held = found === undefined ? '' : (labels.sent(found.holder) ?? found.path)
    const reason = isCircular ? 'itself, in a circle of functions' : held
    const isGenerator = awaiting.isAsyncGenerator(generator)
    const kind = isGenerator ? 'async-generator' : 'async-function'
    const key = `${stack} ${kind} ${reason}`
    const group = groups.get(key) ?? newGroup(stack, kind, reason)
    groups.set(key, group)
    addTo(group, count, found, requests.of(generator))
  })
  const all = [...groups.values()].sort((a, b) => b.count - a.count)
  return {
    groups: all.slice(0, header.maxGroups).map((group) => ({
      kind: group.kind,
      count: group.count,
      ...stackOf(group.stack, stacks.nodes, frames.all, header.maxFrames),
      waitsFor: waitText(group),
    })),
    totalGroups: all.length,
    suspended: awaiting.suspended.length,
    withoutLine: frames.withoutLine,
    workers: countWorkers(awaiting),
  }
}

function newGroup(stack: number, kind: Group['kind'], reason: string): Group {
  const indexes = { lowestIndex: Number.POSITIVE_INFINITY, highestIndex: -1 }
  return { stack, kind, reason, count: 0, ...indexes, requests: new Set() }
}

function addTo(
  group: Group,
  count: number,
  found: WaitReason | undefined,
  requests: readonly string[],
): void {
  group.count += count
  if (found !== undefined && found.index >= 0) {
    group.lowestIndex = Math.min(group.lowestIndex, found.index)
    group.highestIndex = Math.max(group.highestIndex, found.index)
  }
  for (const request of requests) group.requests.add(request)
}

function waitText({ reason, lowestIndex, highestIndex, requests }: Group): string | undefined {
  const isOne = lowestIndex === highestIndex
  const index = isOne ? `${lowestIndex}` : `${lowestIndex}..${highestIndex}`
  const what = reason.replace('[#]', `[${index}]`)
  const shown = [...requests].slice(0, maxRequests)
  const more = requests.size - shown.length
  if (more > 0) shown.push(`${more} more`)
  const owners = shown.length === 0 ? [] : [`for ${shown.join(', ')}`]
  const parts = [...(what === '' ? [] : [what]), ...owners]
  return parts.length === 0 ? undefined : parts.join(', ')
}

function stackOf(
  leaf: number,
  nodes: readonly StackNode[],
  all: readonly SuspendedFrame[],
  maxFrames: number,
): Pick<SuspendedGroup, 'frames' | 'elided'> {
  const frames: SuspendedFrame[] = []
  let at = leaf
  while (at > 0 && frames.length < maxFrames) {
    const node = nodes[at]
    const frame = node === undefined ? undefined : all[node.frame]
    if (node === undefined || frame === undefined) break
    frames.push({ ...frame, function: frame.function + argumentText(node) })
    at = node.parent
  }
  return { frames, elided: at > 0 }
}

/** As V8 writes it; equal stacks may have come over several arguments. */
function argumentText({ lowestIndex, highestIndex }: StackNode): string {
  if (lowestIndex < 0) return ''
  const isOne = lowestIndex === highestIndex
  return isOne ? ` (index ${lowestIndex})` : ` (index ${lowestIndex} to ${highestIndex})`
}

/** Objects of Node's class Worker; one that has ended has no handle any more. */
function countWorkers({ reader }: AwaitGraph): number {
  const { graph } = reader
  let count = 0
  for (let node = 0; node < graph.nodeCount; node++) {
    if (!reader.isObject(node) || reader.nameOf(node) !== 'Worker') continue
    for (let edge = reader.firstEdge(node); edge < reader.endOfEdges(node); edge++) {
      if (reader.keyOf(edge) !== '<symbol kHandle>') continue
      if (reader.isObject(reader.targetOf(edge))) count++
    }
  }
  return count
}
