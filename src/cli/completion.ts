/** `pprofd completion`: the shell asks pprofd itself what may follow, so the script never ages. */
import type { Commands } from './command.ts'

export function addCompletionCommand({ cli, run }: Commands): void {
  cli.command(
    'completion',
    'Print a script that completes commands and flags in bash or zsh, whichever runs it',
    (command) => command.example('pprofd completion >> ~/.bashrc', 'from the next shell on'),
    run(async () => {
      cli.showCompletionScript()
      return 0
    }),
  )
}
