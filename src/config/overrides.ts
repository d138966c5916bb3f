/** The values that environment variables and flags give, before they are checked. */
import { InputError } from '../errors.ts'
import { nearest } from './nearest.ts'
import { type OverridableOption, overridableOptions } from './options.ts'

/** One option that the file does not decide. */
export interface Override {
  readonly option: OverridableOption
  readonly value: unknown
  /** What set it, as messages call it: `PPROFD_LISTEN` or `--listen`. */
  readonly source: string
}

/** Nested like the file, such as `{ limits: { maxSeconds: 60 } }`; undefined values count as absent. */
export interface Flags {
  readonly [key: string]: unknown
}

/** Names the file, so it is no option of the file. */
const configVariable = 'PPROFD_CONFIG'

/**
 * What Kubernetes puts into every container of a namespace that has a Service named pprofd:
 * PPROFD_SERVICE_HOST, PPROFD_PORT=tcp://..., PPROFD_PORT_8081_TCP_ADDR and the like.
 */
const kubernetesVariable = /_SERVICE_(HOST|PORT(_.*)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_[A-Z]+)?$/
const kubernetesPort = /^(tcp|udp|sctp):\/\//

/** Every PPROFD_* variable with a value; an empty one counts as absent. */
export function environmentOverrides(
  env: Readonly<Record<string, string | undefined>>,
): readonly Override[] {
  const options = new Map(overridableOptions().map((option) => [option.environment, option]))
  return Object.entries(env).flatMap(([name, text]) => {
    if (!name.startsWith('PPROFD_') || name === configVariable || !text) return []
    const option = options.get(name)
    if (option !== undefined) return [{ option, value: parse(text, option), source: name }]
    if (kubernetesVariable.test(name) || kubernetesPort.test(text)) return []
    throw unknownOverride(name, 'a variable', [...options.keys(), configVariable])
  })
}

/** Every flag with a value. Text is read like an environment variable's, other values stay. */
export function flagOverrides(flags: Flags): readonly Override[] {
  const options = new Map(overridableOptions().map((option) => [option.key, option]))
  return leaves(flags, []).map(([key, value]) => {
    const option = options.get(key)
    if (option === undefined) {
      const known = [...options.values()].map(({ flag }) => `--${flag}`)
      throw unknownOverride(`--${key}`, 'a flag', known)
    }
    const parsed = typeof value === 'string' ? parse(value, option) : value
    return { option, value: parsed, source: `--${option.flag}` }
  })
}

function leaves(value: object, path: readonly string[]): [key: string, value: unknown][] {
  return Object.entries(value).flatMap(([key, child]): [string, unknown][] => {
    if (child === undefined) return []
    const isNested = typeof child === 'object' && child !== null && !Array.isArray(child)
    return isNested ? leaves(child, [...path, key]) : [[[...path, key].join('.'), child]]
  })
}

/** Text that is no value of the type stays text, and fails the check of the type. */
function parse(text: string, { type }: OverridableOption): unknown {
  if (type === 'integer' && /^-?[0-9]{1,15}$/.test(text)) return Number(text)
  if (type === 'boolean' && /^(true|1)$/.test(text)) return true
  if (type === 'boolean' && /^(false|0)$/.test(text)) return false
  return text
}

function unknownOverride(name: string, kind: string, known: readonly string[]): InputError {
  const guess = nearest(name, known)
  const hint = guess === undefined ? `allowed are ${known.join(', ')}` : `did you mean ${guess}?`
  return new InputError('config-invalid', `${name} is not ${kind} of pprofd; ${hint}`)
}
