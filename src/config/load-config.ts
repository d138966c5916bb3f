/** Merges defaults < file < environment < flags into a Config, or says which source is wrong where. */
import { InputError } from '../errors.ts'
import { ruleProblem } from './check-rules.ts'
import { checkSettings, keyOf } from './check-settings.ts'
import type { Config, Settings } from './config.ts'
import { type ConfigFileChoice, findConfigFile, readConfigFile } from './config-file.ts'
import { parseListen } from './listen-address.ts'
import { environmentOverrides, type Flags, flagOverrides, type Override } from './overrides.ts'
import { pushUrlProblem } from './recorder-options.ts'
import type { YamlSource } from './yaml-source.ts'

export interface LoadOptions extends ConfigFileChoice {
  /** What the command line says, nested like the file; scalars only. */
  readonly flags?: Flags | undefined
}

/** Where the values came from: how a message begins that complains about one of them. */
interface Origin {
  readonly file: string | undefined
  readonly source: YamlSource
  /** By dotted key. */
  readonly overrides: ReadonlyMap<string, Override>
}

/** Throws InputError config-invalid; the message names the file and line, the variable or the flag. */
export async function loadConfig(options: LoadOptions): Promise<Config> {
  const { env, flags = {} } = options
  const file = await findConfigFile(options)
  const source = file === undefined ? noSource : await readSource(file)
  const values = withoutEmptySections(source.values)
  const overrides = [...environmentOverrides(env), ...flagOverrides(flags)]
  const origin = { file, source, overrides: new Map(overrides.map((o) => [o.option.key, o])) }
  // First the file alone, because a wrong line is wrong also where a variable overrides it.
  check(structuredClone(values), { ...origin, overrides: new Map() })
  for (const { option, value } of origin.overrides.values()) assign(values, option.keyPath, value)
  const secondsGiven = (['profile', 'heap'] as const).filter((key) =>
    isGiven(values, [key, 'seconds']),
  )
  const settings = check(values, origin)
  return toConfig(settings, secondsGiven, origin)
}

const noSource: YamlSource = { values: {}, lineOf: () => 0 }

/** Most daemons have no file: they do without the parser, which is a megabyte of memory. */
async function readSource(file: string): Promise<YamlSource> {
  const { parseYaml } = await import('./yaml-source.ts')
  return parseYaml(await readConfigFile(file), file)
}

function check(values: Record<string, unknown>, origin: Origin): Settings {
  const result = checkSettings(values)
  if ('words' in result) throw invalid(origin, result.path, result.words)
  return result
}

/** `secondsGiven`: the sections whose `seconds` is no default. */
function toConfig(
  settings: Settings,
  secondsGiven: readonly ('profile' | 'heap')[],
  origin: Origin,
): Config {
  const { listen, defaultTarget, ...rest } = settings
  const { limits, profile, heap } = rest
  for (const section of secondsGiven) {
    const { seconds } = settings[section]
    if (seconds <= limits.maxSeconds) continue
    const words = `is ${seconds}, but limits.maxSeconds allows ${limits.maxSeconds} at most`
    throw invalid(origin, [section, 'seconds'], words)
  }
  const urlProblem = pushUrlProblem(settings.push)
  if (urlProblem !== undefined) throw invalid(origin, ['push', 'url'], urlProblem)
  checkNames(settings, origin)
  const problem = ruleProblem(settings)
  if (problem !== undefined) throw invalid(origin, problem.path, problem.words)
  return {
    ...rest,
    profile: { ...profile, seconds: Math.min(profile.seconds, limits.maxSeconds) },
    heap: { ...heap, seconds: Math.min(heap.seconds, limits.maxSeconds) },
    listen: parseListen(listen),
    ...(defaultTarget === undefined ? {} : { defaultTarget: String(defaultTarget) }),
  }
}

function checkNames({ targets, defaultTarget, discover }: Settings, origin: Origin): void {
  const names = new Set<string>()
  for (const [index, { name }] of targets.entries()) {
    const path = ['targets', String(index), 'name']
    if (names.has(name)) throw invalid(origin, path, `is ${name}, the name of an earlier target`)
    names.add(name)
  }
  const isReachable = discover.enabled || /^(self|[0-9]+)$/.test(String(defaultTarget ?? 'self'))
  if (isReachable || names.has(String(defaultTarget))) return
  const words = `is ${defaultTarget}, but targets has none of that name and discover.enabled is false`
  throw invalid(origin, ['defaultTarget'], words)
}

function invalid({ file, source, overrides }: Origin, path: readonly string[], words: string) {
  const override = overrides.get(path.join('.'))
  const place = file === undefined ? '' : `${file}:${source.lineOf(path)}: `
  const subject = override?.source ?? `${place}${keyOf(path)}`
  return new InputError('config-invalid', `${subject} ${words}`)
}

/** `targets:` with nothing but comments below it is no list to YAML, but means the default here. */
function withoutEmptySections(values: Record<string, unknown>): Record<string, unknown> {
  const sections = [
    'targets',
    'discover',
    'attach',
    'access',
    'limits',
    'profile',
    'heap',
    'record',
    'goroutine',
    'spool',
    'push',
    'rules',
    'log',
  ]
  const entries = Object.entries(values)
  return Object.fromEntries(entries.filter(([k, v]) => v !== null || !sections.includes(k)))
}

function assign(values: Record<string, unknown>, keyPath: readonly string[], value: unknown): void {
  const [key = '', ...rest] = keyPath
  if (rest.length === 0) {
    values[key] = value
    return
  }
  const child = values[key]
  const section = isRecord(child) ? { ...child } : {}
  values[key] = section
  assign(section, rest, value)
}

function isGiven(values: unknown, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined) return true
  return isRecord(values) && Object.hasOwn(values, key) && isGiven(values[key], rest)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
