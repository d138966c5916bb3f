/** Flags for the options of the configuration, made from its schema: the two cannot drift apart. */
import type { Argv } from 'yargs'
import { overridableOptions } from '../config/options.ts'

/** `hidden`: they are taken, but the help is short. */
export function withConfigFlags<T>(cli: Argv<T>, { hidden = false } = {}): Argv<T> {
  for (const option of overridableOptions()) {
    cli.option(option.flag, {
      // Numbers stay text here, so that the configuration's own check names what is wrong.
      type: option.type === 'boolean' ? 'boolean' : 'string',
      requiresArg: option.type !== 'boolean',
      hidden,
      description: option.description,
      ...(option.default === undefined ? {} : { defaultDescription: String(option.default) }),
      group: 'Configuration (also in the file, or as environment variables PPROFD_...):',
    })
  }
  return cli
}

/** The flags that were given, nested as in the file. */
export function configFlags(args: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const flags: Record<string, unknown> = {}
  for (const { flag, keyPath } of overridableOptions()) {
    const value = args[flag]
    if (value === undefined) continue
    const [section = '', key] = keyPath
    if (key === undefined) flags[section] = value
    else flags[section] = { ...(flags[section] as object | undefined), [key]: value }
  }
  return flags
}
