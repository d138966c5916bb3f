// A small service: works so many ms of every 100. (default: none)
const workMs = Number(process.argv[2] ?? 0)

function work() {
  const until = performance.now() + workMs
  while (performance.now() < until) Math.sqrt(until)
}

setInterval(work, 100)
console.log('ready')
