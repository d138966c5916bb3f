import { readEnvironmentVariable } from '../proc/process-command.ts'
import type { Target } from './target.ts'

/** As long-lived as the target's arguments, which are read at the same time. */
const known = new WeakMap<Target, string>()

/** `NODE_OPTIONS` of the environment that the process was started with; '' without, and where it is unreadable. */
export async function nodeOptions(target: Target, procRoot: string): Promise<string> {
  const before = known.get(target)
  if (before !== undefined) return before
  const options = (await readEnvironmentVariable(target.pid, 'NODE_OPTIONS', procRoot)) ?? ''
  known.set(target, options)
  return options
}
