/** `pprofd serve`, as yargs knows it. */
import type { Commands } from './command.ts'
import { withConfigFlags } from './config-flags.ts'
import { serve } from './run-serve.ts'

export function addServeCommand({ cli, run, isWithoutHelp = false }: Commands): void {
  cli.command(
    'serve',
    'Serve /debug/pprof/ on 127.0.0.1 until SIGTERM; SIGHUP reloads the configuration (default)',
    (command) =>
      withConfigFlags(command, { hidden: isWithoutHelp })
        .example('$0 serve', 'serve every Node process of this user on 127.0.0.1:8081')
        .example('$0 serve --listen 127.0.0.1:0', 'on any free port; the log says which'),
    run(serve),
  )
  // What is shown where no command is named: where to begin, without the options of the configuration.
  cli.command(
    '$0',
    false,
    (command) =>
      withConfigFlags(command, { hidden: true })
        .example('$0 ps', 'the Node processes here, and whether pprofd can attach')
        .example('$0 profile 4711 -s 5 -o cpu.md', 'where the CPU time of one goes, to read')
        .example('$0 serve', 'the daemon, for go tool pprof and browsers')
        .epilogue(
          'Each command has a --help of its own; that of serve has all options of the configuration.\n' +
            'Over ssh: ssh -L 8081:127.0.0.1:8081 HOST, then open http://localhost:8081/',
        ),
    run(serve),
  )
}
