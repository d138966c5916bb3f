// A service that always has work: units of about a millisecond, one after the other, each in a turn of the event
// loop. Over IPC: { take } answers how many were done since the last time and how long they took;
// { datadog: 'start' | 'stop' } profiles from inside, at { intervalMicros }. Its argument: a number of
// functions, or deep (deep, varied stacks), heap (800 MB of plain data), promises (hundreds of awaits a unit).
import { createRequire } from 'node:module'

const kind = process.argv[2] ?? '1000'
const functionCount = Number(kind) || 1000
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

/** Stacks of 30 calls, of which most are new. */
const callees = Array.from(
  { length: 40 },
  (_, id) =>
    new Function(
      'callees',
      'depth',
      'seed',
      `let x = seed; for (let i = 0; i < 60; i++) x = (x * 31 + ${id}) % 1000003
       return depth === 0 ? x : callees[(seed + ${id * 7}) % 40](callees, depth - 1, (seed * 13 + x) % 997) + x`,
    ),
)
function handleDeep() {
  for (let i = 0; i < 60; i++) sink = (sink + callees[i % 40](callees, 30, sink % 997)) & 0xffff
}

const step = async (value) => value + 1
async function handlePromises() {
  for (let i = 0; i < 1500; i++) sink = (await step(sink)) & 0xffff
}

/** Kept alive by the name that it is reached by. */
globalThis.plainData =
  kind === 'heap'
    ? Array.from({ length: 4_000_000 }, (_, id) => ({ id, name: `item ${id}`, tags: [id, id + 1] }))
    : undefined

const work = { deep: handleDeep, promises: handlePromises }[kind] ?? handle

let durations = []
let last = performance.now()
async function turn() {
  const done = work()
  if (done !== undefined) await done
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
void turn()
process.send('ready')
