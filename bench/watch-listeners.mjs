// How long a process listens on a TCP port: for as long as its inspector is open to everybody.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** Looks every 5 ms whether the process listens on anything; NaN if it does all the time. */
export function watchListeners(pid) {
  let openMs = 0
  let lastLookMs = performance.now()
  let wasClosed = false
  const look = () => {
    const isOpen = isListening(pid)
    const nowMs = performance.now()
    if (isOpen) openMs += nowMs - lastLookMs
    else wasClosed = true
    lastLookMs = nowMs
  }
  const timer = setInterval(look, 5)
  look()
  return {
    end: () => {
      clearInterval(timer)
      return wasClosed ? openMs : Number.NaN
    },
  }
}

/** Field 4 of a row is the state, 0A is LISTEN, field 10 the inode: proc_pid_net(5). */
function isListening(pid) {
  const rows = readFileSync(`/proc/${pid}/net/tcp`, 'latin1').split('\n').slice(1)
  const inodes = rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, , , state]) => state === '0A')
    .map((fields) => `socket:[${fields[9]}]`)
  return readdirSync(`/proc/${pid}/fd`).some((fd) =>
    inodes.includes(linkOf(`/proc/${pid}/fd/${fd}`)),
  )
}

function linkOf(path) {
  try {
    return readlinkSync(path)
  } catch {
    // Closed since the folder was read.
    return ''
  }
}
