#!/usr/bin/env node
/** The entry: runs the command line and turns what went wrong into words and an exit code. */
import { OperationalError } from './errors.ts'
import { closeOwnDoor } from './own-door.ts'

closeOwnDoor()

/** 0 done, 1 failure, 2 wrong usage or configuration. */
const usageCodes: ReadonlySet<string> = new Set(['parameter-invalid', 'config-invalid'])

// `pprofd ps | head` closes our stdout early; that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

try {
  process.exitCode = await run(process.argv.slice(2))
} catch (error) {
  process.exitCode = report(error)
}

/** Imports only now: what is imported statically would be loaded before the door is closed. */
async function run(argv: readonly string[]): Promise<number> {
  const { plainServeArguments } = await import('./cli/serve-arguments.ts')
  const args = plainServeArguments(argv)
  if (args !== undefined) {
    const { serve } = await import('./cli/run-serve.ts')
    return serve(args)
  }
  const { runCli } = await import('./cli/cli.ts')
  return runCli(argv)
}

function report(error: unknown): number {
  if (!(error instanceof OperationalError)) {
    process.stderr.write(`error: ${error instanceof Error ? error.stack : String(error)}\n`)
    return 1
  }
  process.stderr.write(`error: ${error.message}\n`)
  if (error.tryNext !== undefined) process.stderr.write(`try: ${error.tryNext}\n`)
  return usageCodes.has(error.code) ? 2 : 1
}
