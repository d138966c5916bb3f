/** Where in a script's bytes positions are: V8 counts UTF-16 units in lines, files have bytes of UTF-8. */
import { readSync } from 'node:fs'
import { MapProblem } from './map-problem.ts'

/** Of a script only so much is in memory at a time. */
const chunkBytes = 1 << 20

const lineFeed = 0x0a

/**
 * The byte offset of each position; -1 where the script has no such position. Positions are sorted by
 * line, then column, both 0-based.
 * @throws {MapProblem} when it is later than `deadlineMs` (Date.now).
 */
export function scriptOffsets(
  fd: number,
  lines: readonly number[],
  columns: readonly number[],
  deadlineMs: number,
): Float64Array {
  const offsets = new Float64Array(lines.length).fill(-1)
  const chunk = Buffer.allocUnsafeSlow(chunkBytes)
  let line = 0
  let column = 0
  let next = 0
  let start = 0
  while (next < lines.length) {
    if (Date.now() > deadlineMs) throw new MapProblem('reading its script takes too long')
    const length = readSync(fd, chunk, 0, chunkBytes, start)
    if (length === 0) break
    let at = start === 0 && chunk.toString('hex', 0, Math.min(3, length)) === 'efbbbf' ? 3 : 0
    while (at < length && next < lines.length) {
      const wantedLine = lines[next] ?? 0
      if (line < wantedLine) {
        const end = chunk.indexOf(lineFeed, at)
        if (end < 0 || end >= length) break
        at = end + 1
        line++
        column = 0
        continue
      }
      const byte = chunk[at] ?? 0
      const isStart = (byte & 0xc0) !== 0x80
      while (
        next < lines.length &&
        lines[next] === line &&
        (columns[next] ?? 0) <= column &&
        isStart
      ) {
        if (columns[next] === column) offsets[next] = start + at
        next++
      }
      if (byte === lineFeed) {
        // What is asked for behind the line's end is nowhere.
        while (next < lines.length && lines[next] === line) next++
        line++
        column = 0
      } else if (isStart) {
        // Characters of four bytes are two units.
        column += byte >= 0xf0 ? 2 : 1
      }
      at++
    }
    start += length
  }
  return offsets
}
