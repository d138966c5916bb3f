/**
 * The listening rows of /proc/PID/net/tcp{,6}, which come first (Documentation/networking/proc_net_tcp.rst).
 * What follows are all connections, for which the kernel walks a table that is as large as the machine:
 * 4 ms of CPU time where 24 GiB are, each time. So it is read row by row and only as far as needed:
 * 0.07 ms. That is too short to be worth a thread.
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { isGone } from './proc-file.ts'

/** Of one row: TMPSZ of net/ipv4/tcp_ipv4.c. A larger read makes the kernel go on to the connections. */
const rowBytes = 150

const buffer = Buffer.alloc(rowBytes)

/** 0A listens; 03 has not been accepted, which kernels before 4.4 list under its listener. */
const listensOrOpens = /^\s*\d+: \S+ \S+ 0[A3] /

export type Family = 'tcp' | 'tcp6'

/** The table's text up to its last listening row or a little beyond; undefined when the process is gone. */
export function readListeningRows(
  pid: number,
  family: Family,
  procRoot: string,
): string | undefined {
  const folder = `${procRoot}/${pid}/net`
  try {
    // Where there is none at all, only a walk through the whole table would tell.
    if (family === 'tcp6' && hasNoSockets(`${folder}/sockstat6`)) return ''
    return readRows(`${folder}/${family}`)
  } catch (error) {
    // A kernel without IPv6 has no such file either.
    if (isGone(error)) return undefined
    throw error
  }
}

function readRows(path: string): string {
  const file = openSync(path, 'r')
  try {
    let text = ''
    let rowStart = 0
    for (;;) {
      const length = readSync(file, buffer, 0, rowBytes, null)
      if (length === 0) return text
      text += buffer.toString('latin1', 0, length)
      for (let end = text.indexOf('\n', rowStart); end >= 0; end = text.indexOf('\n', rowStart)) {
        // The first line is the table's head.
        if (rowStart > 0 && !listensOrOpens.test(text.slice(rowStart, end))) return text
        rowStart = end + 1
      }
    }
  } finally {
    closeSync(file)
  }
}

/** `TCP6: inuse 0`, of that network namespace. */
function hasNoSockets(path: string): boolean {
  try {
    return /^TCP6: inuse 0$/m.test(readFileSync(path, 'latin1'))
  } catch {
    return false
  }
}
