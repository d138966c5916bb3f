/** The nodes of a CPU profile as they are read, in columns; each node is known by its index. */
import { IntList } from './int-list.ts'

export class NodeColumns {
  readonly ids = new IntList()
  /** Index of each node's call frame. */
  readonly frames = new IntList()
  readonly hitCounts = new IntList()
  /** The protocol lets them be absent. */
  hasHitCounts = false
  /** Pairs of ids; nodes name their children, in windows' profiles and files of others their parent. */
  readonly parentIds = new IntList()
  readonly childIds = new IntList()
  /** Where each node's position ticks begin. */
  readonly tickStarts = new IntList()
  readonly tickLines = new IntList()
  readonly tickCounts = new IntList()

  /** Call it after the node's children and position ticks were added. */
  add(id: number, frame: number, hitCount: number, tickStart: number): void {
    this.ids.push(id)
    this.frames.push(frame)
    this.hitCounts.push(hitCount)
    this.tickStarts.push(tickStart)
    while (this.parentIds.length < this.childIds.length) this.parentIds.push(id)
  }

  /** Takes back what was added of a node's children and position ticks. */
  cut(childCount: number, tickCount: number): void {
    this.childIds.cut(childCount)
    this.tickLines.cut(tickCount)
    this.tickCounts.cut(tickCount)
  }
}
