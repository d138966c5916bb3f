import t from 'tap'
import type { MemorySource } from '../../src/census/memory-source.ts'
import { ProcessMemory } from '../../src/census/process-memory.ts'
import { CaptureError } from '../../src/errors.ts'

/** Every byte is what `byteOf` says at the time. */
function sourceOf(byteOf: (address: number) => number): MemorySource {
  return {
    read(buffer, address) {
      for (let at = 0; at < buffer.length; at++) buffer[at] = byteOf(address + at)
      return buffer.length
    },
    syscallOf: () => '',
    close: () => {},
  }
}

t.test('what is pinned stays as it was, also where a part of a block is wanted', async (t) => {
  let byte = 1
  const memory = new ProcessMemory(sourceOf(() => byte))
  memory.pin(0x10_0000, 0x3_f000)
  byte = 2
  for (const [words, end] of [
    [0x3_f000 / 4, 1],
    [0x4_0000 / 4, 1],
    [0x5_0000 / 4, 2],
    [3, 1],
  ] as const) {
    const copy = new Uint32Array(words)
    memory.copyTo(copy, 0x10_0000)
    t.strictSame([copy[0], copy.at(-1)], [0x0101_0101, end * 0x0101_0101])
  }
})

t.test('what is not mapped reads as zeros, and a source that has ended is told', async (t) => {
  let error: Error = new Error('EIO')
  const memory = new ProcessMemory({
    ...sourceOf(() => 0),
    read() {
      throw error
    },
  })
  t.equal(memory.word(0x1000), 0)
  t.strictSame(memory.bytes(0x1000, 2), Buffer.alloc(2))
  error = new CaptureError('recording-invalid', 'it has ended')
  t.throws(() => memory.bytes(0x1000, 2), error)
})
