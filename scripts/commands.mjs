// What yargs is told of the commands, as data: for the man page, and for the test that runs the examples.

/** `addCommands`: that of src/cli/cli.ts. */
export function listCommands(addCommands) {
  const commands = []
  const cli = {
    command(usage, description, builder) {
      const recorded = { usage, description, positionals: {}, options: {}, examples: [] }
      builder(recorderFor(recorded))
      commands.push(recorded)
      return cli
    },
  }
  addCommands({ cli, run: () => undefined })
  return commands
}

/** Takes the calls that builders make, and nothing else. */
function recorderFor({ positionals, options, examples }) {
  const recorder = {
    positional(name, option) {
      positionals[name] = option
      return recorder
    },
    option(name, option) {
      options[name] = option
      return recorder
    },
    options(all) {
      Object.assign(options, all)
      return recorder
    },
    example(command, description) {
      examples.push({ command: command.replace('$0', 'pprofd'), description })
      return recorder
    },
    epilogue: () => recorder,
  }
  return recorder
}
