import type { Commands } from '../src/cli/command.ts'

export interface ManPageFoot {
  readonly version: string
  readonly date: string
}

export function manPage(addCommands: (commands: Commands) => void, foot: ManPageFoot): string
