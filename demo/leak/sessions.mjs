// A service whose memory grows: a walk through docs/tutorial.md finds out why. A visitor comes every 5
// milliseconds. It prints `ready {"pid":...}`.
import { openSession } from './session-store.mjs'

let visitors = 0
setInterval(() => openSession(`visitor ${visitors++}`), 5)
console.log(`ready ${JSON.stringify({ pid: process.pid })}`)
