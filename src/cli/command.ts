import type { ArgumentsCamelCase, Argv } from 'yargs'

/** What a command's file needs to add itself. */
export interface Commands {
  readonly cli: Argv<CommonFlags>
  /** Makes a handler whose result becomes the exit code. */
  run<T>(
    work: (args: ArgumentsCamelCase<T>) => Promise<number>,
  ): (args: ArgumentsCamelCase<T>) => void
}

/** The positional argument of every command that works on one target. */
export const targetArgument = {
  type: 'string',
  demandOption: true,
  description: 'A pid, a name, or self',
} as const

/** Flags that every command has. */
export interface CommonFlags {
  readonly config?: string | undefined
}
