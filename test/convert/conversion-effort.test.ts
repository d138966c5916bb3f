/** What keeps conversion quick, in counts: the same on every machine. Speed itself is bench/conversion.mjs's. */
import t from 'tap'
import { cpuPprof } from '../../src/convert/cpu-pprof.ts'
import { parseCpuProfile } from '../../src/convert/cpu-profile.ts'
import { cpuStacks } from '../../src/convert/cpu-stacks.ts'
import { JsonScanner } from '../../src/convert/json-scanner.ts'
import { ByteWriter } from '../../src/pprof/byte-writer.ts'
import { type NodeSketch, profileOf, recordingOf } from './recordings.ts'

const url = 'file:///srv/shop/src/app.js'
const depth = 200
const leaves = 1000
const hits = 20

/** A deep stack of few functions, and many leaves on top of it. */
function deepProfile(): Uint8Array {
  const calls: NodeSketch[] = Array.from({ length: leaves }, (_, index) => {
    return { name: `leaf${index % 50}`, url, line: index, hits, ticks: { [index + 1]: hits } }
  })
  let root: NodeSketch = { name: 'f', url, line: 1, calls }
  for (let at = 1; at < depth; at++) root = { name: `f${at % 50}`, url, line: 1, calls: [root] }
  return profileOf(root)
}

/** Counts the calls of these methods while `work` runs. */
function countCalls<T extends object>(prototype: T, names: readonly (keyof T)[], work: () => void) {
  const methods = names.map(
    (name) => [name, Object.getOwnPropertyDescriptor(prototype, name)] as const,
  )
  let count = 0
  for (const [name, descriptor] of methods) {
    const method = descriptor?.value as (...values: unknown[]) => unknown
    function counted(this: unknown, ...values: unknown[]): unknown {
      count++
      return method.apply(this, values)
    }
    Object.defineProperty(prototype, name, { ...descriptor, value: counted })
  }
  try {
    work()
  } finally {
    for (const [name, descriptor] of methods)
      Object.defineProperty(prototype, name, descriptor ?? {})
  }
  return count
}

const recording = recordingOf({ main: deepProfile() })
const nodes = depth + leaves + 1

t.test('what V8 writes as ever is read without asking what may stand there', async (t) => {
  const names = ['nextElement', 'nextMember', 'number', 'skip', 'string'] as const
  const calls = countCalls(JsonScanner.prototype, names, () => cpuStacks(recording))
  t.ok(calls > 5, 'they are counted')
  t.ok(calls < 50, `${calls} calls for ${nodes} nodes and ${leaves * hits} samples`)
})

t.test('samples are read in bulk: the scanner is called per node, not per sample', async (t) => {
  const names = ['takeText', 'plainNumber', 'plainNumbers'] as const
  const calls = countCalls(JsonScanner.prototype, names, () => cpuStacks(recording))
  t.ok(calls > nodes, 'they are counted')
  t.ok(calls < 20 * nodes, `${calls} calls for ${nodes} nodes and ${leaves * hits} samples`)
})

t.test('a call frame that nodes share is decoded once', async (t) => {
  const known = new Set<unknown>()
  const decoded = countCalls(JSON, ['parse'], () => {
    for (const frame of parseCpuProfile(deepProfile()).callFrames) known.add(frame)
  })
  t.equal(decoded, known.size)
  t.ok(decoded < nodes)
})

t.test(
  'callers are encoded once: writing takes steps per stack, not per frame of it',
  async (t) => {
    const stacks = cpuStacks(recording)
    let sizeBytes = 0
    const varints = countCalls(ByteWriter.prototype, ['varint'], () => {
      sizeBytes = cpuPprof(stacks).bytes.length
    })
    t.ok(sizeBytes > leaves * depth, 'every sample has its whole stack')
    t.ok(varints < 36 * (leaves + depth), `${varints} varints for ${leaves} samples`)
  },
)
