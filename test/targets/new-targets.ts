// A `Targets` for one test, and the ways tests look at a target from outside.
import { copyFileSync, linkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { ConfiguredTarget } from '../../src/targets/configured-target.ts'
import type { Target } from '../../src/targets/target.ts'
import { Targets, type TargetsOptions } from '../../src/targets/targets.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import {
  type SpawnedTarget,
  type SpawnTargetOptions,
  spawnTarget,
} from '../fixtures/support/spawn-target.ts'
import { temporaryFolder } from '../proc/temporary-folder.ts'

/** Closed when `t` ends. */
export function newTargets(t: Test, options: Partial<TargetsOptions> = {}): Targets {
  const targets = new Targets({
    configured: [],
    discover: true,
    commandTimeoutMs: 5000,
    maxMessageBytes: 64 * 1024 * 1024,
    stateFolder: temporaryFolder(t),
    ...options,
  })
  t.teardown(() => targets.close())
  return targets
}

/** An entry of the configuration; `means` says which process. */
export function configured(name: string, means: Partial<ConfiguredTarget>): ConfiguredTarget {
  return { name, enabled: true, signal: true, ...means }
}

/** Runs the lines it is sent; opens its inspector on a free port, so that tests may run side by side. */
export function spawnObedient(t: Test, options: SpawnTargetOptions = {}): Promise<SpawnedTarget> {
  const program = fileURLToPath(new URL('./programs/obeys-lines.cjs', import.meta.url))
  return spawnTarget(t, program, { nodeArguments: ['--inspect-port=0'], ...options })
}

/** Lets the target run a line of JavaScript, to its end. */
export async function obey(target: SpawnedTarget, line: string): Promise<void> {
  const doneBefore = countOf(target, /^done$/)
  target.send(line)
  await until(() => countOf(target, /^done$/) > doneBefore)
}

export function countOf({ stdout }: SpawnedTarget, pattern: RegExp): number {
  return stdout.lines().filter((line) => pattern.test(line)).length
}

/** Waits until `holds`, at most `timeoutMs`; whether it held. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  while (!(await holds())) {
    if (performance.now() > deadline) return false
    await sleep(10)
  }
  return true
}

/** A copy of the running Node under another name. */
export function nodeNamed(t: Test, name: string): string {
  const path = join(temporaryFolder(t), name)
  try {
    // Takes no space, but works within one file system only.
    linkSync(process.execPath, path)
  } catch {
    copyFileSync(process.execPath, path)
  }
  return path
}

/** The target is alive, listens on what it did before, and SIGUSR1 opens its inspector as ever. */
export async function isAsBefore(
  t: Test,
  spawned: SpawnedTarget,
  portsBefore: readonly number[] = [],
): Promise<void> {
  t.strictSame(await listeningPorts(spawned.pid), portsBefore, 'it listens on what it did before')
  t.ok(spawned.isAlive(), 'it is alive')
  const heardBefore = countOfListening(spawned)
  process.kill(spawned.pid, 'SIGUSR1')
  t.ok(await until(() => countOfListening(spawned) > heardBefore), 'SIGUSR1 opens its inspector')
}

export function countOfListening({ stderr }: Pick<SpawnedTarget, 'stderr'>): number {
  return stderr.lines().filter((line) => line.startsWith('Debugger listening on')).length
}

/** The target of a pid that must exist. */
export function targetOf(targets: Targets, { pid }: { readonly pid: number }): Promise<Target> {
  return targets.resolve(String(pid))
}
