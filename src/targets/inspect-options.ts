/** Where a process would open its inspector, as far as its arguments and NODE_OPTIONS say. */

export interface InspectAddress {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
}

/** Node's own default, and the one that SIGUSR1 opens. */
export const defaultInspectAddress: InspectAddress = { host: '127.0.0.1', port: 9229 }

const inspectFlag = /^--(?:inspect|debug)(?:-port|-brk|-brk-node|-wait)?(?:=(.*))?$/

/**
 * Later flags win over earlier ones and arguments over NODE_OPTIONS, as in Node. Where it cannot be
 * told whether a word is the script or a flag's value, an outside host behind it counts, too: better a
 * process too many refused than one opened to other machines.
 */
export function inspectAddress(
  nodeOptions: string | undefined,
  argv: readonly string[],
): InspectAddress {
  const certain = nodeFlags(argv, (flag) => flagsWithValue.has(flag))
  const address = addressOf([...(nodeOptions ?? '').split(/\s+/), ...certain])
  const possible = addressOf(nodeFlags(argv, (flag) => /^--?[^=]+$/.test(flag)))
  return isLoopbackHost(possible.host) ? address : { ...address, host: possible.host }
}

/** Whether an inspector on that host is reached at 127.0.0.1, the one address that pprofd dials. */
export function isLoopbackHost(host: string): boolean {
  return host === '127.0.0.1' || host === 'localhost'
}

function addressOf(flags: readonly string[]): InspectAddress {
  let address = defaultInspectAddress
  for (const [index, flag] of flags.entries()) {
    // Node takes --inspect_port for --inspect-port.
    const [name = ''] = flag.split('=', 1)
    const match = inspectFlag.exec(name.replaceAll('_', '-') + flag.slice(name.length))
    if (!match) continue
    // Only --inspect-port, or --debug-port, takes its value as the next argument, too.
    const separate = /-port$/.test(match[0]) ? flags[index + 1] : undefined
    address = withValue(address, match[1] ?? separate ?? '')
  }
  return address
}

/** The arguments before the script: the rest is the application's own. */
function nodeFlags(
  argv: readonly string[],
  takesValue: (flag: string) => boolean,
): readonly string[] {
  const flags: string[] = []
  for (const [index, argument] of argv.slice(1).entries()) {
    if (argument === '--') break
    // argv[index] is the argument before this one: the script is what is neither flag nor value.
    if (!argument.startsWith('-') && !takesValue(argv[index] ?? '')) break
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
  '--debug-port',
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
