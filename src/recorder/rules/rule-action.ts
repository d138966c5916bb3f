/** Takes what a rule asks for, and hands it to where it is kept. */
import { OperationalError } from '../../errors.ts'
import type { Target } from '../../targets/target.ts'
import type { LastProfile, ProfileSink, RecordedProfile, TakeProfile } from '../recorded-profile.ts'
import { type Rule, secondsOf } from './rule.ts'
import type { RuleDisk } from './rule-folder.ts'

export interface RuleHands {
  readonly take: TakeProfile
  /** Undefined: nothing is recorded continuously. */
  readonly last?: LastProfile | undefined
}

export interface RuleOutlets {
  readonly disk?: RuleDisk | undefined
  /** Undefined: no push is configured. */
  readonly push?: ProfileSink | undefined
}

export interface Outcome {
  readonly ok: boolean
  /** False: the target has not been touched, or in vain. */
  readonly taken: boolean
  /** What came of it, in words. */
  readonly words: string
}

/** Attaching, converting and a busy machine come on top of the recording. */
const graceMs = 120_000

/** Why it cannot even be tried; undefined: it can. */
export function missingPart(
  rule: Rule,
  hands: RuleHands | undefined,
  { disk, push }: RuleOutlets,
): string | undefined {
  if (hands === undefined) return 'this pprofd only watches'
  if (rule.do === 'last' && hands.last === undefined) {
    return 'do: last needs record.continuous, which is off'
  }
  if (rule.to.includes('push') && push === undefined) return 'to: push needs an engine to push to'
  if (rule.to.includes('disk') && disk === undefined) return 'to: disk needs a state folder'
  return undefined
}

/** Never throws. */
export async function runAction(
  rule: Rule,
  { target, reason, signal }: { target: Target; reason: string; signal: AbortSignal },
  { hands, outlets }: { hands: RuleHands; outlets: RuleOutlets },
): Promise<Outcome> {
  const seconds = secondsOf(rule)
  const limit = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000 + graceMs)])
  const wish = { seconds, reason: `rule ${rule.name}: ${reason}`, signal: limit }
  let profile: RecordedProfile | undefined
  try {
    profile =
      rule.do === 'last'
        ? await hands.last?.(target, wish)
        : await hands.take(target, { kind: rule.do, ...wish })
  } catch (error) {
    return { ok: false, taken: false, words: wordsOf(error) }
  }
  if (profile === undefined) {
    const words =
      'the flight recorder has nothing of this target; record.continuous says whom it records'
    return { ok: false, taken: false, words }
  }
  const recorded = profile
  const kept = await Promise.all(
    rule.to.map((sink) =>
      keep(sink, rule, recorded, outlets).then(
        (words) => ({ ok: true, words }),
        (error: unknown) => ({ ok: false, words: `${sink} failed: ${wordsOf(error)}` }),
      ),
    ),
  )
  const words = kept.map((one) => one.words).join('; ')
  return { ok: kept.every(({ ok }) => ok), taken: true, words }
}

async function keep(
  sink: Rule['to'][number],
  rule: Rule,
  profile: RecordedProfile,
  { disk, push }: RuleOutlets,
): Promise<string> {
  if (sink === 'disk') return (await disk?.put(rule, profile)) ?? ''
  await push?.put(profile)
  return 'handed to push'
}

function wordsOf(error: unknown): string {
  if (error instanceof OperationalError) return `${error.message} (${error.code})`
  return error instanceof Error ? error.message : String(error)
}
