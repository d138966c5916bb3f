/**
 * The arguments of `pprofd serve` where nothing about them is in doubt, so that a daemon neither loads nor
 * keeps yargs. Everything else, from `--help` to a misspelt flag, is for yargs to judge.
 */
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { overridableOptions } from '../config/options.ts'

/** By flag, as yargs gives them; undefined where yargs has to look. */
export function plainServeArguments(
  argv: readonly string[],
): Readonly<Record<string, unknown>> | undefined {
  const flags = argv[0] === 'serve' ? argv.slice(1) : argv
  if (!flags.every((word) => plainWord.test(word))) return undefined
  try {
    const { values, tokens } = parseArgs({ args: [...flags], options: options(), tokens: true })
    const names = tokens.map((token) => (token.kind === 'option' ? token.name : ''))
    // Of a flag given twice yargs makes a list, which is then refused.
    return new Set(names).size === names.length ? values : undefined
  } catch {
    return undefined
  }
}

/** A flag by its full name, a value, or both: yargs has rules for values that begin with a quote or a dash. */
const plainWord = /^(?:--[a-z][a-z.-]*(?:=[\w./[].*)?|[\w./[].*)$/s

function options(): NonNullable<ParseArgsConfig['options']> {
  const configuration = overridableOptions().map(({ flag, type }) => {
    return [flag, { type: type === 'boolean' ? 'boolean' : 'string' }] as const
  })
  return Object.fromEntries([['config', { type: 'string' }], ...configuration])
}
