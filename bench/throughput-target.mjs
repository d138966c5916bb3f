// A service that always has work: units of less than a millisecond, one after the other, each in a turn of
// the event loop. Over IPC: { take } answers how many were done since the last time and how long they
// took; { datadog: 'start' | 'stop' } profiles from inside, at { intervalMicros }.
import { createRequire } from 'node:module'

const functionCount = Number(process.argv[2] ?? 1000)
const words = Array.from({ length: 64 }, (_, index) => `word-${(index * 2654435761) >>> 16}`)
const steps = Array.from(
  { length: functionCount },
  (_, id) =>
    new Function(
      'a',
      `const b = a * ${id + 1} % 1009; return b > ${id % 500} ? b : { b }.b + ${id}`,
    ),
)
for (const step of steps) step(1)

let sink = 0
let next = 0

const tree = (depth) =>
  depth === 0 ? { leaf: words[sink & 63] } : { a: tree(depth - 1), b: tree(depth - 1) }
const walk = (node) => (node.leaf ? node.leaf.length : walk(node.a) + walk(node.b))
function handle() {
  const order = words.map((word, index) => ({ word, rank: (index * sink) % 97 }))
  order.sort((x, y) => x.rank - y.rank)
  const text = JSON.stringify({ order, tree: tree(5) })
  sink = (sink + walk(JSON.parse(text).tree) + text.replace(/word-(\d)/g, '$1').length) & 0xffff
  for (let i = 0; i < 2000; i++) {
    sink = (sink + steps[next](sink)) & 0xffff
    next = (next + 1) % steps.length
  }
}

let durations = []
let last = performance.now()
function turn() {
  handle()
  const now = performance.now()
  durations.push(now - last)
  last = now
  setImmediate(turn)
}

let datadog
process.on('message', ({ take, datadog: command, intervalMicros }) => {
  if (take) {
    durations.sort((x, y) => x - y)
    const at = (share) =>
      durations[Math.min(durations.length - 1, Math.floor(durations.length * share))]
    process.send({ count: durations.length, p50: at(0.5), p99: at(0.99), max: durations.at(-1) })
    durations = []
    last = performance.now()
  } else if (command === 'start') {
    datadog ??= createRequire(import.meta.url)('@datadog/pprof')
    datadog.time.start({ intervalMicros, durationMillis: 60_000 })
    process.send('started')
  } else if (command === 'stop') {
    datadog.time.stop(false)
    process.send('stopped')
  }
})
turn()
process.send('ready')
