// Runs each line of its stdin as JavaScript and says `done` after it.
'use strict'
const { createInterface } = require('node:readline')

createInterface({ input: process.stdin }).on('line', function onLine(line) {
  new Function('require', line)(require)
  console.log('done')
})
setInterval(function stayAlive() {}, 60_000)
console.log(`ready ${JSON.stringify({ pid: process.pid })}`)
