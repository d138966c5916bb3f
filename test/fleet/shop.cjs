// A service whose profiles are known: burnCpu has the time, keepOrders the memory, lockWarehouse waits
// synchronously, burnCpu keeps the loop, waitForOrder is suspended for good.
'use strict'

const orders = []

/** Never called. */
const arrivals = []

function burnCpu(forMs) {
  const end = performance.now() + forMs
  let sum = 0
  while (performance.now() < end) for (let i = 0; i < 1e4; i++) sum += Math.sqrt(i)
  return sum
}

function keepOrders() {
  for (let i = 0; i < 2000; i++) orders.push({ id: i, lines: new Array(100).fill(i) })
  if (orders.length > 40_000) orders.splice(0, 20_000)
}

function lockWarehouse() {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 40)
}

async function waitForOrder() {
  await new Promise((resolve) => arrivals.push(resolve))
  return orders.length
}

function serve() {
  burnCpu(60)
  keepOrders()
  lockWarehouse()
  setTimeout(serve, 100)
}

void waitForOrder()
serve()
console.log('ready {}')
