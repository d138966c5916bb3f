/** `pprofd config`: the merged configuration, as a file that would give it. */
import { loadConfig } from '../config/load-config.ts'
import type { Commands } from './command.ts'
import { configFlags, withConfigFlags } from './config-flags.ts'

export function addConfigCommand({ cli, run }: Commands): void {
  cli.command(
    'config',
    'Print the configuration, merged from defaults, file, environment and flags',
    (command) =>
      withConfigFlags(command)
        .example('$0 config > pprofd.yaml', 'a file to start from')
        .example('$0 config --config pprofd.yaml', 'whether the file is right, and what it means'),
    run(async (args) => {
      const flags = configFlags(args)
      const config = await loadConfig({ file: args.config, env: process.env, flags })
      const { renderConfig } = await import('../config/render-config.ts')
      process.stdout.write(renderConfig(config))
      return 0
    }),
  )
}
