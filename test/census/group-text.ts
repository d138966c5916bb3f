// A group of a census as one line, to be compared as text.
import type { CensusFrame, CensusGroup } from '../../src/census/census.ts'

/** Innermost first: `task 29:3 < Promise.all (index 0 to 99) < allTasks 32:3`; no line where it is unknown. */
export function stackText({ stack, elided }: CensusGroup): string {
  const frames = stack.map(frameText)
  if (elided) frames.push('...')
  return frames.join(' < ')
}

export function frameText({ function: name, line, column }: CensusFrame): string {
  return line === 0 ? name : `${name} ${line}:${column}`
}

/** `count kind state: stack`. */
export function groupText(group: CensusGroup): string {
  return `${group.count} ${group.kind} ${group.state}: ${stackText(group)}`
}
