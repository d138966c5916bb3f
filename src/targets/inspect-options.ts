/** Where a process would open its inspector, as far as its arguments and NODE_OPTIONS say. */

export interface InspectAddress {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
}

/** Node's own default, and the one that SIGUSR1 opens. */
export const defaultInspectAddress: InspectAddress = { host: '127.0.0.1', port: 9229 }

const inspectFlag = /^--(?:inspect|debug)(?:-port|-brk|-brk-node|-wait)?(?:=(.*))?$/

/** Later flags win over earlier ones and arguments over NODE_OPTIONS, as in Node. */
export function inspectAddress(
  nodeOptions: string | undefined,
  argv: readonly string[],
): InspectAddress {
  const flags = [...(nodeOptions ?? '').split(/\s+/), ...nodeFlags(argv)]
  let address = defaultInspectAddress
  for (const [index, flag] of flags.entries()) {
    const match = inspectFlag.exec(flag)
    if (!match) continue
    // Only --inspect-port takes its value as the next argument, too.
    const separate = flag === '--inspect-port' ? flags[index + 1] : undefined
    address = withValue(address, match[1] ?? separate ?? '')
  }
  return address
}

export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || host.startsWith('127.')
}

/** The arguments before the script: the rest is the application's own. */
function nodeFlags(argv: readonly string[]): readonly string[] {
  const flags: string[] = []
  for (const [index, argument] of argv.slice(1).entries()) {
    if (argument === '--') break
    // argv[index] is the argument before this one: the script is what is neither flag nor value.
    if (!argument.startsWith('-') && !flagsWithValue.has(argv[index] ?? '')) break
    flags.push(argument)
  }
  return flags
}

/** Node's flags that take their value as an argument of its own. */
export const flagsWithValue: ReadonlySet<string> = new Set([
  '-r',
  '--require',
  '--import',
  '--loader',
  '--experimental-loader',
  '-C',
  '--conditions',
  '-e',
  '--eval',
  '-p',
  '--print',
  '--env-file',
  '--title',
  '--input-type',
  '--max-old-space-size',
  '--icu-data-dir',
  '--openssl-config',
  '--inspect-port',
])

/** `port`, `host:port` or `host`; what is left out stays as it was. */
function withValue(address: InspectAddress, value: string): InspectAddress {
  if (value === '') return address
  if (/^\d+$/.test(value)) return { ...address, port: Number(value) }
  const match = /^(.*?)(?::(\d+))?$/.exec(value)
  const port = match?.[2]
  return {
    host: match?.[1] || address.host,
    port: port === undefined ? address.port : Number(port),
  }
}
