/**
 * Nodes as V8 writes them: these members in this order, whole numbers, no white space. Who asks at each
 * byte what may stand there has V8 compile two dozen functions before it is quick; here they are fewer, and
 * to compile is half of the CPU time of a first conversion.
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

/**
 * Reads elements of the array of nodes as long as they are plain; the one after them may be anything. The
 * loop and what it does are one function, which V8 would otherwise compile twice.
 */
export function readPlainNodes(
  scanner: JsonScanner,
  callFrames: CallFrames,
  nodes: NodeColumns,
): void {
  let start = 0
  let childCount = 0
  let tickCount = 0
  for (;;) {
    start = scanner.offset
    childCount = nodes.childIds.length
    tickCount = nodes.tickLines.length
    scanner.takeText(comma)
    if (!scanner.takeText(idMember)) break
    const id = scanner.plainNumber()
    if (id < 0 || !scanner.takeText(frameMember)) break
    const frame = callFrames.read()
    if (!scanner.takeText(hitCountMember)) break
    const hitCount = scanner.plainNumber()
    if (hitCount < 0) break
    if (scanner.takeText(childrenMember) && !readChildren(scanner, nodes)) break
    if (scanner.takeText(ticksMember) && !readTicks(scanner, nodes)) break
    if (!scanner.takeText(endOfObject)) break
    nodes.add(id, frame, hitCount, tickCount)
    nodes.hasHitCounts = true
  }
  scanner.goTo(start)
  nodes.cut(childCount, tickCount)
}

/** False where they are not plain, as `readTicks` says. */
function readChildren(scanner: JsonScanner, { childIds }: NodeColumns): boolean {
  do {
    const child = scanner.plainNumber()
    if (child < 0) return false
    childIds.push(child)
  } while (scanner.takeText(comma))
  return scanner.takeText(endOfArray)
}

function readTicks(scanner: JsonScanner, { tickLines, tickCounts }: NodeColumns): boolean {
  do {
    if (!scanner.takeText(lineMember)) return false
    const line = scanner.plainNumber()
    if (line < 0 || !scanner.takeText(countMember)) return false
    const count = scanner.plainNumber()
    if (count < 0 || !scanner.takeText(endOfObject)) return false
    tickLines.push(line)
    tickCounts.push(count)
  } while (scanner.takeText(comma))
  return scanner.takeText(endOfArray)
}
