// The target leaky.cjs, and what recordings say of it.
import type { HeapProfiler } from 'node:inspector'
import type { Test } from 'tap'
import type { HeapThreadRecording } from '../../src/captures/heap-recording.ts'
import {
  type SpawnedTarget,
  type SpawnTargetOptions,
  spawnTarget,
} from '../fixtures/support/spawn-target.ts'

export function spawnLeaky(t: Test, options: SpawnTargetOptions = {}): Promise<SpawnedTarget> {
  return spawnTarget(t, 'leaky.cjs', { nodeArguments: ['--inspect-port=0'], ...options })
}

/** Sends the line and resolves to the rest of the answer that starts with `word`. */
export async function ask(target: SpawnedTarget, line: string, word: string): Promise<string> {
  const pattern = new RegExp(`^${word}\\b`)
  const before = target.stdout.lines().filter((one) => pattern.test(one)).length
  target.send(line)
  for (;;) {
    const answers = target.stdout.lines().filter((one) => pattern.test(one))
    const answer = answers[before]
    if (answer !== undefined) return answer.slice(word.length + 1)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** How many bytes have leaked so far. */
export async function leakedBytes(target: SpawnedTarget): Promise<number> {
  return Number(await ask(target, 'report', 'leaked'))
}

/** Bytes of the function by itself, by the thread's profile. */
export function bytesOf(thread: HeapThreadRecording | undefined, functionName: string): number {
  if (thread === undefined) return Number.NaN
  const { head } = JSON.parse(Buffer.from(thread.profileJson).toString())
  return selfBytes(head, functionName)
}

function selfBytes(node: HeapProfiler.SamplingHeapProfileNode, name: string): number {
  const own = node.callFrame.functionName === name ? node.selfSize : 0
  return node.children.reduce((sum, child) => sum + selfBytes(child, name), own)
}
