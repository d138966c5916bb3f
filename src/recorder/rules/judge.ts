/**
 * Whether a rule fires for a target, and why not, in words. Pure: everything it knows comes in.
 * `state` is for programs, `why` and `next` are for people.
 */
import type { Budget, Firings } from './budget.ts'
import type { WindowState } from './reading-window.ts'
import { actionWords, type Rule, triggerOf, windowMsOf } from './rule.ts'
import { triggers } from './trigger.ts'

export type RuleState =
  /** The figure cannot be had. */
  | 'unknown'
  /** The window is not covered yet. */
  | 'filling'
  | 'below'
  /** Above, but this run of the process is not meant, or has been captured already. */
  | 'done'
  | 'cooldown'
  | 'budget'
  | 'failed'
  /** Above, but something stands in the way. */
  | 'waiting'
  | 'capturing'
  | 'fires'

export interface Verdict {
  readonly state: RuleState
  readonly why: string
  /** What happens next. */
  readonly next: string
}

export interface Facts {
  readonly rule: Rule
  readonly window: WindowState
  readonly budget: Budget
  readonly firings: Firings
  /** This run of the process. */
  readonly instance: string
  readonly nowMs: number
  /** Why the figure cannot be had; undefined: it can. */
  readonly unknown?: string | undefined
  /** Why this run of the process is not the one that the rule waits for; undefined: it is. */
  readonly notMeant?: string | undefined
  /** What stands in the way, in words. */
  readonly obstacle?: string | undefined
  /** This rule's own capture of this target runs. */
  readonly capturing?: boolean
}

/** After so many failures a start is no longer the start. */
const maxFailuresOfOnce = 3

export function judge(facts: Facts): Verdict {
  const { rule, window, unknown } = facts
  const [kind, threshold] = triggerOf(rule)
  const { say, subject } = triggers[kind]
  if (facts.capturing) {
    return { state: 'capturing', why: `takes ${actionWords(rule)} now`, next: 'keeps it' }
  }
  const next = nextWords(facts)
  if (unknown !== undefined) return { state: 'unknown', why: `unknown: ${unknown}`, next }
  if (window.value === undefined) {
    return { state: 'filling', why: `${subject} is being read: too few readings yet`, next }
  }
  const value = measured(rule, window)
  if (window.value < threshold)
    return { state: 'below', why: `${value}, below ${say(threshold)}`, next }
  const above = reasonWords(rule, window)
  const but = (state: RuleState, words: string): Verdict => {
    return { state, why: `${above}, but ${words}`, next }
  }
  if (!window.full) {
    const covered = (window.coveredMs / 1000).toFixed(1)
    return but('filling', `only ${covered} of ${windowMsOf(rule) / 1000} s have been watched`)
  }
  const done = doneWords(facts)
  if (done !== undefined) return but('done', done)
  const [state, words] = spentWords(facts)
  if (state !== undefined) return but(state, words)
  if (facts.obstacle !== undefined) return but('waiting', facts.obstacle)
  return { state: 'fires', why: above, next: `takes ${actionWords(rule)} now` }
}

/** Why it fires: `CPU 0.97 cores on average over 10 s, at or above 0.90 cores`. */
export function reasonWords(rule: Rule, window: WindowState): string {
  const [kind, threshold] = triggerOf(rule)
  return `${measured(rule, window)}, at or above ${triggers[kind].say(threshold)}`
}

function measured(rule: Rule, { value, coveredMs }: WindowState): string {
  const [kind] = triggerOf(rule)
  const { subject, say, summary } = triggers[kind]
  const what = `${subject} ${value === undefined ? 'unknown' : say(value)}`
  const windowSeconds = windowMsOf(rule) / 1000
  if (kind === 'restarts') return `${what} in the last ${windowSeconds} s`
  if (summary === 'latest') return what
  if (summary === 'highest') return `${what} at the highest in ${windowSeconds} s`
  const covered = `${Math.round(coveredMs / 1000)} s`
  return summary === 'lowest' ? `${what} at the lowest in ${covered}` : `${what} over ${covered}`
}

/** For the triggers that fire once for each run of the process. */
function doneWords({ rule, firings, instance, notMeant }: Facts): string | undefined {
  if (rule.when.ageSeconds === undefined && rule.when.restarts === undefined) return undefined
  if (notMeant !== undefined) return notMeant
  if (!firings.instances.includes(instance)) return undefined
  if (firings.failures === 0) return 'it has fired for this process already'
  if (firings.failures < maxFailuresOfOnce) return undefined
  return `${firings.failures} attempts failed: ${firings.last?.outcome ?? ''}`
}

function spentWords({
  rule,
  budget,
  firings,
}: Facts): readonly [state: RuleState | undefined, words: string] {
  switch (budget.waitsFor) {
    case 'budget':
      return ['budget', `all ${rule.atMost} captures in ${rule.per} s are used`]
    case 'cooldown':
      return ['cooldown', `the cooldown of ${rule.cooldown} s has not passed`]
    case 'failure':
      return ['failed', `the last attempt failed: ${firings.last?.outcome ?? ''}`]
    case 'nothing':
      return [undefined, '']
  }
}

function nextWords({ rule, budget, nowMs }: Facts): string {
  const [kind, threshold] = triggerOf(rule)
  const { subject, say, summary } = triggers[kind]
  const isWhole = summary !== 'latest' && summary !== 'highest'
  const over = isWhole ? ` for ${windowMsOf(rule) / 1000} s` : ''
  const waitSeconds = Math.ceil((budget.nextAtMs - nowMs) / 1000)
  const earliest = waitSeconds > 0 ? `, in ${waitSeconds} s at the earliest` : ''
  const action = `takes ${actionWords(rule)} to ${rule.to.join(' and ')}`
  return `${action} when ${subject} is ${say(threshold)} or more${over}${earliest}`
}
