// Loaded before a target: answers each line of stdin with the longest hole, in ms, between two ticks of
// 1 ms since the line before. stdin does not keep the target alive.
'use strict'
let worst = 0
let last = performance.now()
setInterval(() => {
  const now = performance.now()
  worst = Math.max(worst, now - last)
  last = now
}, 1).unref()
process.stdin.on('data', () => {
  console.log(`gap ${worst}`)
  worst = 0
})
process.stdin.unref?.()
