// A small service: works 2 ms of every 100.
function work() {
  const until = performance.now() + 2
  while (performance.now() < until) Math.sqrt(until)
}

setInterval(work, 100)
console.log('ready')
