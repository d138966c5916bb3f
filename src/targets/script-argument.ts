import { basename } from 'node:path'
import { flagsWithValue } from './inspect-options.ts'

/** The script among the arguments of a Node process; undefined for `node -e`, a REPL or a rewritten title. */
export function scriptArgument(argv: readonly string[]): string | undefined {
  let skipNext = false
  for (const argument of argv.slice(1)) {
    if (skipNext) skipNext = false
    else if (flagsWithValue.has(argument)) skipNext = true
    else if (!argument.startsWith('-')) return argument
  }
  return undefined
}

/** What people call a process that nobody named: its script's file name, else its own title. */
export function processName(argv: readonly string[], comm: string): string {
  const script = scriptArgument(argv)
  const [title] = argv
  const name = script ?? (title?.includes('/') ? comm : title) ?? comm
  return (
    basename(name)
      .replace(/\p{Cc}+/gu, ' ')
      .slice(0, 100) || comm
  )
}
