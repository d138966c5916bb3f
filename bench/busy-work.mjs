// What the busy processes of the benchmarks do: each kind is a unit of work of about a millisecond.
import { Worker } from 'node:worker_threads'

const words = Array.from({ length: 64 }, (_, index) => `word-${(index * 2654435761) >>> 16}`)
let sink = 0
let next = 0

/** A unit of work: serialising, sorting, text, and so many functions in turns. */
export function ordinary(functionCount) {
  const steps = Array.from(
    { length: functionCount },
    (_, id) =>
      new Function(
        'a',
        `const b = a * ${id + 1} % 1009; return b > ${id % 500} ? b : { b }.b + ${id}`,
      ),
  )
  for (const step of steps) step(1)
  return () => {
    const order = words.map((word, index) => ({ word, rank: (index * sink) % 97 }))
    order.sort((x, y) => x.rank - y.rank)
    const text = JSON.stringify({ order, tree: tree(5) })
    sink = (sink + walk(JSON.parse(text).tree) + text.replace(/word-(\d)/g, '$1').length) & 0xffff
    for (let i = 0; i < 2000; i++) {
      sink = (sink + steps[next](sink)) & 0xffff
      next = (next + 1) % steps.length
    }
  }
}

const tree = (depth) =>
  depth === 0 ? { leaf: words[sink & 63] } : { a: tree(depth - 1), b: tree(depth - 1) }
const walk = (node) => (node.leaf ? node.leaf.length : walk(node.a) + walk(node.b))

/** Stacks of 30 calls, of which most are new. */
function deep() {
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
  return () => {
    for (let i = 0; i < 60; i++) sink = (sink + callees[i % 40](callees, 30, sink % 997)) & 0xffff
  }
}

/** 800 MB of plain data, kept alive by the name that it is reached by. */
function heap() {
  globalThis.plainData = Array.from({ length: 4_000_000 }, (_, id) => {
    return { id, name: `item ${id}`, tags: [id, id + 1] }
  })
  return ordinary(1000)
}

/** 1,500 awaits. */
function promises() {
  const step = async (value) => value + 1
  return async () => {
    for (let i = 0; i < 1500; i++) sink = (await step(sink)) & 0xffff
  }
}

/**
 * Eight worker threads that have all hands full, and a main thread that rests for a millisecond between looks:
 * a unit is one of theirs.
 */
async function workers() {
  const done = new Int32Array(new SharedArrayBuffer(8))
  const file = new URL('./busy-worker.mjs', import.meta.url)
  const threads = Array.from(
    { length: 8 },
    () => new Worker(file, { workerData: done, execArgv: [] }),
  )
  await Promise.all(
    threads.map((thread) => new Promise((resolve) => thread.once('message', resolve))),
  )
  let before = 0
  return {
    unit: async () => {
      await new Promise((resolve) => setTimeout(resolve, 1))
      const now = Atomics.load(done, 0)
      const units = now - before
      before = now
      return units
    },
    /** In the second field is who may work: 1 for all. */
    rest: () => Atomics.store(done, 1, 0),
    work: () => {
      Atomics.store(done, 1, 1)
      Atomics.notify(done, 1)
    },
  }
}

/**
 * `unit()` does some work and answers how many units that were, undefined for one; `rest` and `work` stop and
 * start what goes on besides. `kind` is a number of functions or a name.
 */
export async function busyWork(kind) {
  if (kind === 'workers') return workers()
  if (kind === 'hello') return (await import('./busy-hello.mjs')).hello()
  if (kind === 'fastify') return (await import('./busy-fastify.mjs')).fastifyService()
  const named = { deep, heap, promises }[kind]
  return { unit: named ? named() : ordinary(Number(kind)) }
}
