/** The command line: which commands there are and how their arguments are read. One file a command. */
import yargs, { type Argv } from 'yargs'
import { InputError } from '../errors.ts'
import { packageVersion } from '../package-files.ts'
import { addCheckCommand } from './check.ts'
import type { Commands, CommonFlags } from './command.ts'
import { addCompletionCommand } from './completion.ts'
import { addConfigCommand } from './config.ts'
import { addGoroutineCommand } from './goroutine.ts'
import { addHeapCommands } from './heap.ts'
import { addHeapSnapshotCommand } from './heapsnapshot.ts'
import { addProfileCommand } from './profile.ts'
import { addPsCommand } from './ps.ts'
import { addRetainedCommand } from './retained.ts'
import { addRulesCommand } from './rules.ts'
import { addServeCommand } from './serve.ts'
import { addTopCommand } from './top.ts'
import { addTraceCommand } from './trace.ts'
import { addWallCommand } from './wall.ts'

/** Runs one command; resolves to the exit code. Throws what main.ts reports. */
export async function runCli(argv: readonly string[]): Promise<number> {
  let exitCode: Promise<number> | undefined
  const commands: Commands = {
    cli: createParser(),
    isWithoutHelp: !argv.some((argument) => /^-h|help|completion/.test(argument)),
    run: (work) => (args) => {
      commands.cli.wrap(null)
      exitCode = work(args)
    },
  }
  addCommands(commands)
  await commands.cli.parseAsync([...argv])
  return (await exitCode) ?? 0
}

/** In the order of the help. */
export function addCommands(commands: Commands): void {
  addServeCommand(commands)
  addPsCommand(commands)
  addCheckCommand(commands)
  addProfileCommand(commands)
  addWallCommand(commands)
  addTopCommand(commands)
  addTraceCommand(commands)
  addGoroutineCommand(commands)
  addHeapCommands(commands)
  addHeapSnapshotCommand(commands)
  addRetainedCommand(commands)
  addRulesCommand(commands)
  addConfigCommand(commands)
  addCompletionCommand(commands)
}

function createParser(): Argv<CommonFlags> {
  return yargs()
    .scriptName('pprofd')
    .usage("$0 <command>\n\nGo's /debug/pprof for running, unmodified Node.js processes.")
    .parserConfiguration({
      // `--limits.max-seconds` is one flag with a dot in its name.
      'dot-notation': false,
      // A name or pid stays as it was typed; options say themselves what they are.
      'parse-positional-numbers': false,
    })
    .option('config', {
      type: 'string',
      requiresArg: true,
      description: 'Configuration file (default: /etc/pprofd/pprofd.yaml if it exists)',
    })
    .version(packageVersion())
    .alias({ help: 'h', version: 'v' })
    .updateStrings({ 'Options:': 'General:' })
    .strict()
    .recommendCommands()
    .exitProcess(false)
    .wrap(Math.min(100, process.stdout.columns ?? 100))
    .fail((message, error) => {
      throw isUsageError(error) ? usageError(error?.message ?? message) : error
    })
}

/** A command's own failure comes here, too; what yargs finds wrong is a text or its own YError. */
function isUsageError(error: Error | undefined): boolean {
  return error === undefined || error.name === 'YError'
}

function usageError(message: string): InputError {
  const sentence = message.trim().replace(/\s*\n\s*/g, ' ')
  return new InputError('parameter-invalid', sentence, { tryNext: 'pprofd --help' })
}
