/**
 * Where libuv keeps the event loop of a process's main thread: `default_loop_struct`, a static variable
 * of the executable, or of libnode.so or libuv.so where a distribution has split Node. No symbol is
 * needed, so a stripped binary will do: the loop is what a pointer in the same data section points at,
 * with a descriptor of epoll and a clock that is not ahead of the machine's. The offsets are those of
 * `uv_loop_t` (libuv's ABI since 1.0, include/uv.h and uv/unix.h; the same on x64 and arm64).
 */
import { readProcFile, readProcLink } from './proc-file.ts'

export interface LoopPlace {
  /** Address of uv_loop_t.time: ms of CLOCK_MONOTONIC, as of the last update. */
  readonly time: number
  /** Address of uv__loop_metrics_t, which libuv keeps for `uv_metrics_idle_time`. */
  readonly metrics: number
  /** libuv 1.45 and later (Node 20.3) counts the turns of the loop. */
  readonly countsTurns: boolean
}

/** Fills the buffer from an address; false where that cannot be read. */
export type ReadMemory = (buffer: Buffer, address: number) => boolean

const pointerOffset = { internals: 40, backendFd: 64, time: 544 }
const loopBytes = 848
/** Of uv__loop_internal_fields_t: `flags`, then the metrics. */
const metricsOffset = 8
/** UV_METRICS_IDLE_TIME in `flags`: Node sets it for its main loop. */
const idleTimeFlag = 1
/** The 13 reserved words of uv_metrics_t follow three counters. */
export const metricsBytes = 144
const reserved = { from: 24, to: 128 }

/** Node 26's data section has 0.6 MB; a hostile process must not make us read its memory at large. */
const maxDataBytes = 32 * 1024 * 1024
const maxAddress = 2 ** 47

interface Span {
  readonly start: number
  readonly end: number
}

/** Undefined where no loop, or more than one thing that looks like it, is there. */
export async function findLoop(
  pid: number,
  readMemory: ReadMemory,
  clockMs: () => number,
  procRoot = '/proc',
): Promise<LoopPlace | undefined> {
  const executable = await readProcLink(`${procRoot}/${pid}/exe`)
  const maps = await readProcFile(`${procRoot}/${pid}/maps`)
  if (executable === undefined || maps === undefined) return undefined
  const found: LoopPlace[] = []
  for (const span of dataSpans(maps, executable)) {
    const data = Buffer.alloc(span.end - span.start)
    if (!readMemory(data, span.start)) continue
    for (const at of candidates(data, span.start, clockMs())) {
      const fd = data.readInt32LE(at + pointerOffset.backendFd)
      const link = await readProcLink(`${procRoot}/${pid}/fd/${fd}`)
      if (link !== 'anon_inode:[eventpoll]') continue
      const place = placeOf(data, at, span.start, readMemory, clockMs)
      if (place !== undefined) found.push(place)
    }
  }
  return found.length === 1 ? found[0] : undefined
}

/** The writable parts of the files that may hold libuv, each with the zeroed memory (.bss) behind it. */
export function dataSpans(maps: string, executable: string): readonly Span[] {
  const spans: Span[] = []
  let bytes = 0
  let open: { start: number; end: number } | undefined
  for (const line of maps.split('\n')) {
    const match = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+ *(.*)$/.exec(line)
    if (match === null) continue
    const [, from = '', to = '', rights = '', path = ''] = match
    const start = Number.parseInt(from, 16)
    const end = Number.parseInt(to, 16)
    if (!rights.startsWith('rw')) {
      open = undefined
      continue
    }
    const isLibuv = path === executable || /\/lib(node|uv)\.so[.\d]*( \(deleted\))?$/.test(path)
    const isBehind = open !== undefined && start === open.end && /^(|\[anon:.*\])$/.test(path)
    bytes += end - start
    if (bytes > maxDataBytes && (isLibuv || isBehind)) return []
    if (isBehind && open !== undefined) open.end = end
    else if (isLibuv) {
      open = { start, end }
      spans.push(open)
    } else {
      open = undefined
      bytes -= end - start
    }
  }
  return spans
}

/** Offsets of what may be the loop: `default_loop_ptr` points at it. */
function candidates(data: Buffer, start: number, nowMs: number): ReadonlySet<number> {
  const offsets = new Set<number>()
  for (let at = 0; at + 8 <= data.length; at += 8) {
    const target = word(data, at) - start
    if (target < 0 || target % 8 !== 0 || target + loopBytes > data.length) continue
    const timeMs = word(data, target + pointerOffset.time)
    const fd = data.readInt32LE(target + pointerOffset.backendFd)
    const internals = word(data, target + pointerOffset.internals)
    if (timeMs <= 0 || timeMs > nowMs || fd < 3 || internals <= 0 || internals >= maxAddress)
      continue
    offsets.add(target)
  }
  return offsets
}

function placeOf(
  data: Buffer,
  at: number,
  start: number,
  readMemory: ReadMemory,
  clockMs: () => number,
): LoopPlace | undefined {
  const internals = word(data, at + pointerOffset.internals)
  const bytes = Buffer.alloc(metricsOffset + metricsBytes)
  if (!readMemory(bytes, internals) || (bytes.readUInt32LE(0) & idleTimeFlag) === 0) {
    return undefined
  }
  const metrics = bytes.subarray(metricsOffset)
  const place = { time: start + at + pointerOffset.time, metrics: internals + metricsOffset }
  // In the older libuv, other allocations begin 64 bytes after the metrics.
  const known = { ...place, countsTurns: hasReservedWords(metrics) }
  return parseMetrics(metrics, known, clockMs()) && known
}

function hasReservedWords(metrics: Buffer): boolean {
  return metrics.subarray(reserved.from, reserved.to).every((byte) => byte === 0)
}

export interface LoopMetrics {
  /** Undefined where libuv does not count. */
  readonly turns: number | undefined
  /** When it began to wait for events, ms of CLOCK_MONOTONIC; 0: it does not wait. */
  readonly waitsSinceMs: number
  /** How long it has waited for events in all, without the wait that goes on. */
  readonly idleMs: number
}

/** Undefined where the words cannot be what they should be. */
export function parseMetrics(
  metrics: Buffer,
  { countsTurns }: LoopPlace,
  nowMs: number,
): LoopMetrics | undefined {
  const clocks = countsTurns ? reserved.to : 0
  const waitsSinceMs = word(metrics, clocks) / 1e6
  const idleMs = word(metrics, clocks + 8) / 1e6
  const turns = countsTurns ? word(metrics, 0) : undefined
  // A turn takes more than a microsecond: the older libuv's clock, in ns, is not taken for a count.
  const isCount = turns === undefined || turns < nowMs * 1000
  // Nor is the count of the newer one taken for that clock.
  const isClock = waitsSinceMs === 0 || (waitsSinceMs >= 1 && waitsSinceMs <= nowMs)
  if (!isClock || idleMs > nowMs || !isCount) return undefined
  return { turns, waitsSinceMs, idleMs }
}

function word(buffer: Buffer, at: number): number {
  return buffer.readUInt32LE(at) + buffer.readUInt32LE(at + 4) * 0x1_0000_0000
}
