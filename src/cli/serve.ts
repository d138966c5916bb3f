/** `pprofd serve`: the daemon, in the foreground. */
import { loadConfig } from '../config/load-config.ts'
import type { Commands } from './command.ts'
import { configFlags, withConfigFlags } from './config-flags.ts'

export function addServeCommand({ cli, run }: Commands): void {
  cli.command(
    ['serve', '$0'],
    'Serve /debug/pprof/ on 127.0.0.1 until SIGTERM; SIGHUP reloads the configuration',
    (command) =>
      withConfigFlags(command)
        .example('$0 serve', 'serve every Node process of this user on 127.0.0.1:8081')
        .example('$0 serve --listen 127.0.0.1:0', 'on any free port; the log says which'),
    run(async (args) => {
      const flags = configFlags(args)
      const load = () => loadConfig({ file: args.config, env: process.env, flags })
      // The server's packages are the largest part of the start-up: other commands do without.
      const { runDaemon } = await import('../daemon.ts')
      return runDaemon(load)
    }),
  )
}
