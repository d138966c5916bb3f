/** A heap snapshot on its way to the suspended functions in it. */
import { extname } from 'node:path'
import { SnapshotConversion } from './snapshot-conversion.ts'
import type { SuspendedFunctions, SuspendedHeader } from './suspended-messages.ts'

/** Beside this file, compiled as this one is. */
const thread = new URL(`./suspended-thread${extname(import.meta.url)}`, import.meta.url)

export class SuspendedConversion extends SnapshotConversion<SuspendedHeader, SuspendedFunctions> {
  /** `maxBytes`: memory that the thread may take. Whoever makes one also closes it. */
  constructor(maxBytes: number) {
    super(thread, maxBytes)
  }
}
