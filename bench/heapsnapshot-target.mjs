// A process whose heap is worth a snapshot: `heapsnapshot-target.mjs MB`. Sent a file's name, it
// writes its own snapshot there and says how long that took.
import { writeHeapSnapshot } from 'node:v8'

const heapBytes = Number(process.argv[2]) * 1e6
const orders = []
globalThis.orders = orders
while (process.memoryUsage().heapUsed < heapBytes) {
  for (let i = 0; i < 1000; i++) orders.push(newOrder(orders.length))
}

process.on('message', (file) => {
  const begin = performance.now()
  writeHeapSnapshot(file)
  process.send(performance.now() - begin)
})
process.send('ready')

function newOrder(id) {
  const customer = { name: `customer ${id % 5000}`, city: `city ${id % 100}` }
  const items = [
    { sku: `sku-${id}`, price: id / 7 },
    { sku: 'postage', price: 4.9 },
  ]
  return { id, customer, items, total: () => items.reduce((sum, { price }) => sum + price, 0) }
}
