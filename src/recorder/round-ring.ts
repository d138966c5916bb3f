/** The last minutes of a target's rounds, packed, within a limit of age and bytes. */
import { promisify } from 'node:util'
import { deflateRaw, inflateRaw } from 'node:zlib'
import type { ThreadRecording } from '../captures/cpu-recording.ts'
import type { CpuRound } from './cpu-round.ts'

export interface RingLimits {
  readonly maxAgeMs: number
  readonly maxBytes: number
}

interface Packed {
  readonly round: CpuRound
  readonly sizeBytes: number
}

/** V8's JSON shrinks to a tenth; better packing costs more than it saves. */
const pack = (bytes: Uint8Array) => promisify(deflateRaw)(bytes, { level: 1 })
const unpack = promisify(inflateRaw)

/** What a reading of a clock, or a check's frame, takes in memory. */
const smallBytes = 64

export class RoundRing {
  limits: RingLimits
  #rounds: Packed[] = []

  constructor(limits: RingLimits) {
    this.limits = limits
  }

  get sizeBytes(): number {
    return this.#rounds.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  }

  /** Wall clock of the oldest moment that is kept; undefined where nothing is. */
  get oldestMs(): number | undefined {
    return this.#rounds[0]?.round.startedAtMs
  }

  async add(round: CpuRound): Promise<void> {
    const threads = await Promise.all(round.threads.map((thread) => mapWindows(thread, pack)))
    const sizeBytes = threads.reduce((sum, thread) => sum + sizeOf(thread), 0)
    this.#rounds.push({ round: { ...round, threads }, sizeBytes })
    this.#forget(round.endedAtMs)
  }

  /** Those that overlap the time from then on, oldest first. */
  async since(fromMs: number): Promise<readonly CpuRound[]> {
    const wanted = this.#rounds.filter(({ round }) => round.endedAtMs > fromMs)
    return Promise.all(
      wanted.map(async ({ round }) => ({
        ...round,
        threads: await Promise.all(round.threads.map((thread) => mapWindows(thread, unpack))),
      })),
    )
  }

  #forget(nowMs: number): void {
    const { maxAgeMs, maxBytes } = this.limits
    this.#rounds = this.#rounds.filter(({ round }) => round.endedAtMs > nowMs - maxAgeMs)
    let bytes = this.sizeBytes
    while (bytes > maxBytes) bytes -= this.#rounds.shift()?.sizeBytes ?? bytes
  }
}

async function mapWindows(
  thread: ThreadRecording,
  map: (bytes: Uint8Array) => Promise<Uint8Array>,
): Promise<ThreadRecording> {
  const windows = [thread.profileJson, ...(thread.laterWindows ?? [])]
  const [profileJson = new Uint8Array(), ...laterWindows] = await Promise.all(
    windows.map((bytes) => map(bytes)),
  )
  return { ...thread, profileJson, laterWindows }
}

function sizeOf({ profileJson, laterWindows = [], cpuTimes = [], checks = [] }: ThreadRecording) {
  const frames = checks.reduce((sum, check) => sum + check.frames.length + 1, 0)
  const packed = [profileJson, ...laterWindows].reduce((sum, { byteLength }) => sum + byteLength, 0)
  return packed + (cpuTimes.length + frames) * smallBytes
}
