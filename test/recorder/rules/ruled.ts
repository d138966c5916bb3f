// Rules over real processes: what they take is recorded for real, what they say is kept.
import type { Test } from 'tap'
import { recordCpu } from '../../../src/captures/cpu.ts'
import { encodeCpuProfile } from '../../../src/convert/cpu-formats.ts'
import type { RecordedProfile, TakeProfile } from '../../../src/recorder/recorded-profile.ts'
import type { Rule } from '../../../src/recorder/rules/rule.ts'
import { RuleFolder } from '../../../src/recorder/rules/rule-folder.ts'
import { Rules, type RulesOptions } from '../../../src/recorder/rules/rules.ts'
import type { Target } from '../../../src/targets/target.ts'
import { Targets } from '../../../src/targets/targets.ts'

/** Each option of a rule as the configuration fills it in. */
export function ruleOf(given: Partial<Rule> & Pick<Rule, 'when'>): Rule {
  return {
    name: 'hot',
    do: 'profile',
    to: ['disk'],
    atMost: 3,
    per: 86_400,
    cooldown: 300,
    maxBytes: 268_435_456,
    ...given,
  }
}

export interface LoggedLine {
  readonly level: string
  readonly message: string
  readonly [field: string]: unknown
}

export interface Ruled {
  readonly rules: Rules
  readonly targets: Targets
  readonly log: readonly LoggedLine[]
  /** Those that were taken, with the reasons given. */
  readonly taken: readonly string[]
}

export interface RuledOptions extends Partial<RulesOptions> {
  readonly rules: readonly Rule[]
  /** The processes that are opted in, by name. */
  readonly processes: Readonly<Record<string, number>>
  readonly folder: string
  readonly take?: TakeProfile
}

/** Begun, and closed when `t` ends. */
export async function startRules(t: Test, options: RuledOptions): Promise<Ruled> {
  const targets = targetsOf(options.processes)
  const log: LoggedLine[] = []
  const taken: string[] = []
  const { take = takeProfile(targets), folder } = options
  const note = (level: string) => (fields: object, message: string) => {
    log.push({ level, message, ...fields })
  }
  const rules = new Rules({
    listTargets: () => targets.optedIn(),
    outlets: { disk: new RuleFolder(`${folder}/captures`) },
    log: { info: note('info'), warn: note('warn'), error: note('error') },
    stateFolder: folder,
    intervalMs: 200,
    ...options,
  })
  t.teardown(async () => {
    await rules.end()
    await targets.close()
  })
  await rules.begin({
    take: (target, wish) => {
      taken.push(wish.reason)
      return take(target, wish)
    },
  })
  return { rules, targets, log, taken }
}

export function targetsOf(processes: Readonly<Record<string, number>>): Targets {
  return new Targets({
    configured: Object.entries(processes).map(([name, pid]) => {
      return { name, pid, enabled: true, signal: true }
    }),
    discover: false,
    commandTimeoutMs: 10_000,
    maxMessageBytes: 64 * 1024 * 1024,
  })
}

/** Records with src/captures; of a few tenths of a second, whatever the rule says. */
export function takeProfile(targets: Targets): TakeProfile {
  return async (target, { reason, signal = new AbortController().signal }) => {
    const options = { durationMs: 300, hz: 100, signal }
    const recording = await recordCpu(targets, target, options)
    const { bytes } = await encodeCpuProfile(recording, 'pprof')
    return { ...aProfile(target, bytes), reason }
  }
}

export function aProfile(target: Target, bytes: Uint8Array): RecordedProfile {
  return {
    kind: 'profile',
    target,
    nodeVersion: process.version,
    reason: '',
    startedAtMs: Date.now(),
    durationMs: 300,
    bytes,
    contentType: 'application/octet-stream',
    extension: '.pb.gz',
  }
}
