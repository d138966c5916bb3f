import type { ArgumentsCamelCase, Argv, Options } from 'yargs'

/** What a command's file needs to add itself. */
export interface Commands {
  readonly cli: Argv<CommonFlags>
  /** Nobody will see the help, so that long ones need not be laid out: yargs does that at each run. */
  readonly isWithoutHelp?: boolean
  /** Makes a handler whose result becomes the exit code. */
  run<T>(
    work: (args: ArgumentsCamelCase<T>) => Promise<number>,
  ): (args: ArgumentsCamelCase<T>) => void
}

/** The positional argument of every command that works on one target. */
export const targetArgument = {
  type: 'string',
  demandOption: true,
  description: 'A pid or a name, as pprofd ps shows them',
} as const

/** A command's own options: in its help they come before those that every command has. */
export function ownOptions<Own extends Readonly<Record<string, Options>>>(
  options: Own,
): { readonly [Name in keyof Own]: Own[Name] & { readonly group: string } } {
  const grouped = Object.entries(options).map(([name, one]) => {
    return [name, { ...one, group: one.group ?? 'Options:' }]
  })
  return Object.fromEntries(grouped)
}

/** Flags that every command has. */
export interface CommonFlags {
  readonly config?: string | undefined
}
