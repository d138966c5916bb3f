/** The daemon, in the foreground. */
import { loadConfig } from '../config/load-config.ts'
import { configFlags } from './config-flags.ts'

/** `args`: the flags that were given, without their leading dashes. */
export async function serve(args: Readonly<Record<string, unknown>>): Promise<number> {
  const flags = configFlags(args)
  const file = args.config === undefined ? undefined : String(args.config)
  const load = () => loadConfig({ file, env: process.env, flags })
  // The server's packages are the largest part of the start-up: other commands do without.
  const { runDaemon } = await import('../daemon.ts')
  return runDaemon(load)
}
