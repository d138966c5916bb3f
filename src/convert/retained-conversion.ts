/** A heap snapshot on its way to the profile `retained`. */
import { extname } from 'node:path'
import type { RetainedHeader, RetainedProfile } from './retained-messages.ts'
import { SnapshotConversion } from './snapshot-conversion.ts'

/** Beside this file, compiled as this one is. */
const thread = new URL(`./retained-thread${extname(import.meta.url)}`, import.meta.url)

export class RetainedConversion extends SnapshotConversion<RetainedHeader, RetainedProfile> {
  /** `maxBytes`: memory that the thread may take. Whoever makes one also closes it. */
  constructor(maxBytes: number) {
    super(thread, maxBytes)
  }
}
