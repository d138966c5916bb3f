/** The anonymous memory of a process: /proc/PID/maps (proc_pid_maps(5)) without the pages that were never touched. */
import { closeSync, openSync, readSync } from 'node:fs'
import { readProcFile } from '../proc/proc-file.ts'
import type { Span } from './process-memory.ts'

const pageBytes = 4096
/** Bits 63 and 62 of an entry of /proc/PID/pagemap: present, swapped. */
const presentOrSwapped = 0xc0
/** 2 MB of pagemap at a time: 1 GB of addresses. */
const pagesAtATime = 256 * 1024

/** Readable mappings that no file backs, ascending; undefined when the process is gone. */
export async function anonymousMappings(
  pid: number,
  procRoot = '/proc',
): Promise<readonly Span[] | undefined> {
  const text = await readProcFile(`${procRoot}/${pid}/maps`)
  if (text === undefined) return undefined
  const spans: Span[] = []
  for (const line of text.split('\n')) {
    const match = /^([0-9a-f]+)-([0-9a-f]+) r\S+ \S+ \S+ 0 *(\[anon.*)?$/.exec(line)
    if (match === null) continue
    spans.push({
      start: Number.parseInt(match[1] ?? '', 16),
      end: Number.parseInt(match[2] ?? '', 16),
    })
  }
  return spans
}

/**
 * The parts of `spans` that are in memory or swapped out. To read the rest would cost much and give
 * zeros: Node 24 reserves 600 MB that it never touches. Where the kernel does not tell, all of them.
 */
export function presentSpans(spans: readonly Span[], pagemapPath: string): readonly Span[] {
  let fd: number
  try {
    fd = openSync(pagemapPath, 'r')
  } catch {
    return spans
  }
  try {
    return spans.flatMap((span) => presentParts(span, fd))
  } finally {
    closeSync(fd)
  }
}

function presentParts({ start, end }: Span, fd: number): Span[] {
  const parts: Span[] = []
  let open = -1
  for (let at = start; at < end; at += pagesAtATime * pageBytes) {
    const pages = Math.min(pagesAtATime, (end - at) / pageBytes)
    const entries = Buffer.alloc(pages * 8)
    try {
      readSync(fd, entries, 0, entries.length, (at / pageBytes) * 8)
    } catch {
      return [{ start, end }]
    }
    for (let page = 0; page < pages; page++) {
      const isPresent = ((entries[page * 8 + 7] ?? 0) & presentOrSwapped) !== 0
      const address = at + page * pageBytes
      if (isPresent && open < 0) open = address
      if (!isPresent && open >= 0) {
        parts.push({ start: open, end: address })
        open = -1
      }
    }
  }
  if (open >= 0) parts.push({ start: open, end })
  return parts
}
