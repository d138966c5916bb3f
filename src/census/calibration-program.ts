/**
 * What the child runs from which the layout of a build is learnt (calibrate.ts), and what a census of it
 * must give. Function names are unlike any other, so that nothing else can pass for them.
 */

/** Functions whose objects are old by the time the child is ready, and once more in a worker. */
const waits = `
const held = []
const never = () => new Promise((resolve) => held.push(resolve))
async function pprofdAwaited() { await never() }
async function pprofdAwaits() { await null; await pprofdAwaited() }
async function pprofdInGenerator() { await never() }
async function* pprofdAwaitingGenerator() { yield 1; await pprofdInGenerator() }
async function pprofdForAwait() { for await (const each of pprofdAwaitingGenerator()) void each }
async function pprofdYielded() { await never() }
async function* pprofdYieldingGenerator() { yield pprofdYielded() }
async function pprofdForYielded() { for await (const each of pprofdYieldingGenerator()) void each }
async function pprofdReturned() { await never() }
async function* pprofdReturningGenerator() { return pprofdReturned() }
async function pprofdForReturned() { for await (const each of pprofdReturningGenerator()) void each }
async function pprofdInAll() { await never() }
async function pprofdAll() { await Promise.all([1, 2, pprofdInAll()]) }
async function pprofdInAllSettled() { await never() }
async function pprofdAllSettled() { await Promise.allSettled([1, pprofdInAllSettled()]) }
async function pprofdInAny() { await never() }
async function pprofdAny() { await Promise.any([pprofdInAny()]) }
async function pprofdInRace() { await never() }
async function pprofdRace() { await Promise.race([never(), pprofdInRace()]) }
async function pprofdInThen() { await never() }
async function pprofdThen() { await pprofdInThen().then((value) => value).finally(() => {}) }
function* pprofdGenerator() { yield 1; yield 2 }
`
const start = `
for (const each of [pprofdAwaits, pprofdForAwait, pprofdForYielded, pprofdForReturned, pprofdAll,
  pprofdAllSettled, pprofdAny, pprofdRace, pprofdThen]) each()
held.push(pprofdGenerator())
held[held.length - 1].next()
globalThis.pprofdHeld = held
`
const young = 'async function pprofdYoung() { await never() }\n'

/** In a worker, its own functions only: its isolate must not be mistaken for the main one. */
const inWorker = `${waits}pprofdAwaits();globalThis.pprofdHeld = held
require('node:worker_threads').parentPort.postMessage('ready');setInterval(() => {}, 1e6)`

/** Run by \`node --expose-gc -e\`. What is alive after two collections is old. */
export const calibrationProgram = `${waits}${young}${start}
const { Worker } = require('node:worker_threads')
new Worker(${JSON.stringify(inWorker)}, { eval: true }).once('message', () => setTimeout(() => {
  gc(); gc(); gc()
  pprofdYoung(); pprofdYoung()
  console.log('ready')
}, 20))
setInterval(() => {}, 1e6)
// Whatever happens to the one that started it.
setTimeout(() => process.exit(), 20_000)
`

/** Where a function begins for V8: at its parameters. */
export function calibrationStart(name: string): number {
  return calibrationProgram.indexOf(`${name}(`) + name.length
}

export interface Lesson {
  /** The promise of this function... */
  readonly from: string
  /** ...leads to this function, by way of what is to be learnt. */
  readonly to: string
  readonly kind: 'await' | 'resolve' | 'Promise.all' | 'Promise.allSettled' | 'Promise.any'
}

/** The plain awaits first: the others are recognised by them. */
export const lessons: readonly Lesson[] = [
  { from: 'pprofdAwaited', to: 'pprofdAwaits', kind: 'await' },
  { from: 'pprofdInGenerator', to: 'pprofdAwaitingGenerator', kind: 'await' },
  { from: 'pprofdYielded', to: 'pprofdYieldingGenerator', kind: 'await' },
  { from: 'pprofdReturned', to: 'pprofdReturningGenerator', kind: 'await' },
  { from: 'pprofdInRace', to: 'pprofdRace', kind: 'resolve' },
  { from: 'pprofdInAll', to: 'pprofdAll', kind: 'Promise.all' },
  { from: 'pprofdInAllSettled', to: 'pprofdAllSettled', kind: 'Promise.allSettled' },
  { from: 'pprofdInAny', to: 'pprofdAny', kind: 'Promise.any' },
]

/** Stacks of the main isolate, as `function@suspend point`, with their number. */
export const expectedStacks: ReadonlyMap<string, number> = new Map([
  ['pprofdAwaited@0 pprofdAwaits@1', 1],
  ['pprofdInGenerator@0 pprofdAwaitingGenerator@2 pprofdForAwait@0', 1],
  ['pprofdYielded@0 pprofdYieldingGenerator@1 pprofdForYielded@0', 1],
  ['pprofdReturned@0 pprofdReturningGenerator@1 pprofdForReturned@0', 1],
  ['pprofdInAll@0 Promise.all:2 pprofdAll@0', 1],
  ['pprofdInAllSettled@0 Promise.allSettled:1 pprofdAllSettled@0', 1],
  ['pprofdInAny@0 Promise.any:0 pprofdAny@0', 1],
  ['pprofdInRace@0 pprofdRace@0', 1],
  ['pprofdInThen@0 pprofdThen@0', 1],
  ['pprofdGenerator@1', 1],
  ['pprofdYoung@0', 2],
])

/** The same for the worker's isolate. */
export const expectedWorkerStacks: ReadonlyMap<string, number> = new Map([
  ['pprofdAwaited@0 pprofdAwaits@1', 1],
])
