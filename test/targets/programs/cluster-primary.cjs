// A cluster primary with two workers. With `unprepared` as an argument, SIGUSR1 would kill the workers.
'use strict'
const cluster = require('node:cluster')

if (cluster.isPrimary) {
  const workers = [cluster.fork(), cluster.fork()]
  let readyCount = 0
  for (const worker of workers) {
    worker.on('message', function onReady() {
      readyCount += 1
      const pids = workers.map((one) => one.process.pid)
      if (readyCount < workers.length) return
      console.log(`workers ${JSON.stringify(pids)}`)
      console.log(`ready ${JSON.stringify({ pid: process.pid })}`)
    })
  }
} else {
  if (process.argv[2] === 'unprepared') {
    process.on('SIGUSR1', function handle() {})
    process.removeAllListeners('SIGUSR1')
  }
  setInterval(function stayAlive() {}, 60_000)
  process.send('ready')
}
