/** What is said of rules, as JSON: for `GET /rules` and `pprofd rules --json`. */
import { type Budget, budgetOf, type Firings } from './budget.ts'
import type { RuleState } from './judge.ts'
import { actionWords, type Rule, triggerOf, windowMsOf } from './rule.ts'
import type { RuleBook } from './rule-book.ts'
import type { RuleDisk } from './rule-folder.ts'
import type { Judged } from './rule-watch.ts'
import { triggers } from './trigger.ts'

export interface RuleReport {
  readonly rule: string
  readonly trigger: string
  readonly threshold: number
  readonly windowSeconds: number | null
  readonly action: string
  readonly to: readonly string[]
  readonly limits: {
    readonly atMost: number
    readonly perSeconds: number
    readonly cooldownSeconds: number
    readonly maxBytes: number
    /** Null: nothing goes to disk, or it is not this caller's business. */
    readonly usedBytes: number | null
  }
  readonly targets: readonly RuleTargetReport[]
  /** Where there is no target: why. */
  readonly note: string | null
}

export interface RuleTargetReport {
  readonly target: string
  readonly pid: number | null
  readonly value: number | null
  /** As people read it. */
  readonly shown: string | null
  readonly coveredSeconds: number
  readonly readings: number
  readonly state: RuleState | 'not running'
  readonly why: string
  readonly next: string
  readonly lastFired: LastFiredReport | null
  readonly budget: { readonly left: number; readonly of: number; readonly nextAt: string | null }
}

export interface LastFiredReport {
  readonly at: string
  readonly reason: string
  readonly outcome: string
  readonly ok: boolean
}

export interface ReportParts {
  readonly book: RuleBook
  readonly disk: RuleDisk | undefined
  /** Others see neither the names of targets nor what is on the disk. */
  readonly isOwner: boolean
  readonly nowMs: number
}

export function reportRules(
  rules: readonly Rule[],
  judged: readonly Judged[],
  parts: ReportParts,
): Promise<readonly RuleReport[]> {
  return Promise.all(
    rules.map((rule) =>
      reportRule(
        rule,
        judged.filter((one) => one.rule.name === rule.name),
        parts,
      ),
    ),
  )
}

async function reportRule(
  rule: Rule,
  judged: readonly Judged[],
  parts: ReportParts,
): Promise<RuleReport> {
  const { disk, isOwner } = parts
  const [trigger, threshold] = triggerOf(rule)
  const isOnDisk = isOwner && disk !== undefined && rule.to.includes('disk')
  const running = judged.map((one) => reportTarget(one))
  const targets = [...running, ...absentTargets(rule, judged, parts)]
  const hasWindow = triggers[trigger].summary !== 'latest' || trigger === 'restarts'
  return {
    rule: rule.name,
    trigger,
    threshold,
    windowSeconds: hasWindow ? windowMsOf(rule) / 1000 : null,
    action: actionWords(rule),
    to: rule.to,
    limits: {
      atMost: rule.atMost,
      perSeconds: rule.per,
      cooldownSeconds: rule.cooldown,
      maxBytes: rule.maxBytes,
      usedBytes: isOnDisk ? await disk.usedBytes(rule) : null,
    },
    targets,
    note: targets.length > 0 ? null : noTargetWords(rule, isOwner),
  }
}

function reportTarget({
  rule,
  target,
  window,
  budget,
  firings,
  verdict,
}: Judged): RuleTargetReport {
  const { say } = triggers[triggerOf(rule)[0]]
  return {
    target: target.id,
    pid: target.pid || null,
    value: window.value ?? null,
    shown: window.value === undefined ? null : say(window.value),
    coveredSeconds: Math.round(window.coveredMs / 100) / 10,
    readings: window.readings,
    ...verdict,
    lastFired: lastFired(firings),
    budget: budgetReport(rule, budget),
  }
}

/** Those that the rule names and that do not run: their budget is there all the same. */
function absentTargets(
  rule: Rule,
  judged: readonly Judged[],
  { book, isOwner, nowMs }: ReportParts,
): readonly RuleTargetReport[] {
  if (!isOwner) return []
  const running = new Set(judged.map(({ target }) => target.name))
  const absent = (rule.targets ?? []).filter((name) => !running.has(name))
  return absent.map((name) => {
    const firings = book.firings(rule.name, name)
    return {
      target: name,
      pid: null,
      value: null,
      shown: null,
      coveredSeconds: 0,
      readings: 0,
      state: 'not running',
      why: 'no process of this name runs, or pprofd has not looked yet',
      next: 'is looked for every 5 s',
      lastFired: lastFired(firings),
      budget: budgetReport(rule, budgetOf(rule, firings, nowMs)),
    }
  })
}

function noTargetWords({ match }: Rule, isOwner: boolean): string {
  if (!isOwner) return 'none of your processes is watched by this rule'
  return match === undefined
    ? 'no target that the configuration opts in runs; rules look at those that targets lists'
    : 'no target that the configuration opts in has a command line that match fits'
}

function lastFired({ last }: Firings): LastFiredReport | null {
  if (last === undefined) return null
  const { atMs, ...rest } = last
  return { at: new Date(atMs).toISOString(), ...rest }
}

function budgetReport({ atMost }: Rule, { left, nextAtMs }: Budget): RuleTargetReport['budget'] {
  const nextAt = nextAtMs === 0 ? null : new Date(nextAtMs).toISOString()
  return { left, of: atMost, nextAt }
}
