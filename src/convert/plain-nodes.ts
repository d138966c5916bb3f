/**
 * Nodes as V8 writes them: these members in this order, whole numbers, no white space. Of a profile of
 * 20,000 nodes, to ask at each byte what may stand there took longer than the rest of the conversion,
 * most of it for V8 to compile two dozen functions; here it compiles four.
 */
import type { CallFrames } from './call-frames.ts'
import type { JsonScanner } from './json-scanner.ts'
import type { NodeColumns } from './node-columns.ts'

const comma = Buffer.from(',')
const idMember = Buffer.from('{"id":')
const frameMember = Buffer.from(',"callFrame":')
const hitCountMember = Buffer.from(',"hitCount":')
const childrenMember = Buffer.from(',"children":[')
const ticksMember = Buffer.from(',"positionTicks":[')
const lineMember = Buffer.from('{"line":')
const countMember = Buffer.from(',"ticks":')
const endOfArray = Buffer.from(']')
const endOfObject = Buffer.from('}')

/** Reads elements of the array of nodes as long as they are plain; the one after them may be anything. */
export function readPlainNodes(
  scanner: JsonScanner,
  callFrames: CallFrames,
  nodes: NodeColumns,
): void {
  for (;;) {
    const start = scanner.offset
    const childCount = nodes.childIds.length
    const tickCount = nodes.tickLines.length
    if (readNode(scanner, callFrames, nodes)) continue
    scanner.goTo(start)
    nodes.cut(childCount, tickCount)
    return
  }
}

/** False where the node is not plain; then some of it may have been added. */
function readNode(scanner: JsonScanner, callFrames: CallFrames, nodes: NodeColumns): boolean {
  const tickStart = nodes.tickLines.length
  scanner.takeText(comma)
  if (!scanner.takeText(idMember)) return false
  const id = scanner.plainNumber()
  if (id < 0 || !scanner.takeText(frameMember)) return false
  const frame = callFrames.read()
  if (!scanner.takeText(hitCountMember)) return false
  const hitCount = scanner.plainNumber()
  if (hitCount < 0) return false
  if (scanner.takeText(childrenMember)) {
    do {
      const child = scanner.plainNumber()
      if (child < 0) return false
      nodes.childIds.push(child)
    } while (scanner.takeText(comma))
    if (!scanner.takeText(endOfArray)) return false
  }
  if (scanner.takeText(ticksMember)) {
    do {
      if (!readTick(scanner, nodes)) return false
    } while (scanner.takeText(comma))
    if (!scanner.takeText(endOfArray)) return false
  }
  if (!scanner.takeText(endOfObject)) return false
  nodes.add(id, frame, hitCount, tickStart)
  nodes.hasHitCounts = true
  return true
}

function readTick(scanner: JsonScanner, nodes: NodeColumns): boolean {
  if (!scanner.takeText(lineMember)) return false
  const line = scanner.plainNumber()
  if (line < 0 || !scanner.takeText(countMember)) return false
  const count = scanner.plainNumber()
  if (count < 0 || !scanner.takeText(endOfObject)) return false
  nodes.tickLines.push(line)
  nodes.tickCounts.push(count)
  return true
}
