import type { Commands } from '../src/cli/command.ts'

export interface ListedCommand {
  /** `profile <target>`, or `$0` for what runs where no command is named. */
  readonly usage: string
  /** False: hidden. */
  readonly description: string | false
  readonly positionals: Readonly<Record<string, ListedOption>>
  readonly options: Readonly<Record<string, ListedOption>>
  readonly examples: readonly { readonly command: string; readonly description: string }[]
}

export interface ListedOption {
  readonly type?: string
  readonly alias?: string
  readonly description?: string
  readonly defaultDescription?: string
  readonly default?: unknown
  readonly choices?: readonly string[]
  readonly hidden?: boolean
  readonly group?: string
}

export function listCommands(addCommands: (commands: Commands) => void): readonly ListedCommand[]
