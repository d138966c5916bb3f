import { stringify } from 'yaml'
import type { Config } from './config.ts'
import { formatListen } from './listen-address.ts'
import { configSchema } from './schema.ts'

/** The configuration as YAML in the order of the schema; `loadConfig` reads it as the same Config. */
export function renderConfig(config: Config): string {
  const settings: Record<string, unknown> = { ...config, listen: formatListen(config.listen) }
  const keys = Object.keys(configSchema.properties).filter((key) => settings[key] !== undefined)
  // An alias would stand for an object that appears twice, and nobody expects one here.
  return stringify(Object.fromEntries(keys.map((key) => [key, settings[key]])), {
    aliasDuplicateObjects: false,
    lineWidth: 0,
  })
}
