/** Stacks that wait for a child process: Node's own spawnSync, which execSync and execFileSync call. */
import type { CpuStacks, ThreadStacks } from './cpu-stacks.ts'

/**
 * 1 for each such stack of the thread. To the kernel they look like an event loop at rest, because
 * spawnSync runs a loop of its own.
 */
export function childWaits(thread: ThreadStacks, frames: CpuStacks['frames']): Uint8Array {
  const found = new Uint8Array(thread.stackCount)
  for (let stack = 0; stack < thread.stackCount; stack++) {
    const frame = frames[thread.frames[stack] ?? -1]
    const isOne = frame?.origin === 'node' && /\.spawnSync$/.test(frame.name)
    const below = thread.parents[stack] ?? -1
    if (isOne || (below >= 0 && found[below] === 1)) found[stack] = 1
  }
  return found
}
