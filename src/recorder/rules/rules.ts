/**
 * The rules of the configuration at work: a loop that reads figures, and captures where one fires. What a
 * rule may do is written down before it is done, so that neither a crash nor a restart is a new budget.
 */
import type { Target } from '../../targets/target.ts'
import { mayUse, type TargetRights } from '../../targets/target-rights.ts'
import type { LiveFiguresOf } from '../live-figures.ts'
import { withFailure, withFiring } from './budget.ts'
import type { Rule } from './rule.ts'
import {
  missingPart,
  type Outcome,
  type RuleHands,
  type RuleOutlets,
  runAction,
} from './rule-action.ts'
import { RuleBook } from './rule-book.ts'
import { type RuleReport, reportRules } from './rule-report.ts'
import { type Judged, RuleWatch } from './rule-watch.ts'

/** Of pino's. */
export interface RuleLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export interface RulesOptions {
  readonly rules: readonly Rule[]
  /** The targets that are opted in, as they run now. */
  readonly listTargets: () => Promise<readonly Target[]>
  readonly outlets: RuleOutlets
  readonly log: RuleLog
  /** Where budgets are written down; undefined: nowhere. */
  readonly stateFolder: string | undefined
  readonly procRoot?: string | undefined
  readonly live?: LiveFiguresOf | undefined
  /** Whether whoever watches for stalls from outside calls `stalled`. */
  readonly watchesStalls?: (() => boolean) | undefined
  readonly nowMs?: (() => number) | undefined
  /** From one look to the next; undefined: as the rules need it. */
  readonly intervalMs?: number | undefined
}

interface Running {
  readonly rule: Rule
  readonly target: Target
  readonly abort: AbortController
  readonly done: Promise<void>
}

/** Captures of rules at the same time: what goes wrong on a whole host shall not stop all of it. */
const maxRunning = 2

export class Rules {
  readonly #options: RulesOptions
  readonly #book: RuleBook
  readonly #watch: RuleWatch
  readonly #nowMs: () => number
  readonly #running = new Set<Running>()
  #hands: RuleHands | undefined
  #timer: NodeJS.Timeout | undefined
  #turn: Promise<void> | undefined
  #isLoaded = false
  #isEnded = true
  #saysListFailed = false

  constructor(options: RulesOptions) {
    const { rules, nowMs = Date.now } = options
    this.#options = options
    this.#nowMs = nowMs
    this.#book = new RuleBook(options.stateFolder)
    this.#watch = new RuleWatch({
      ...options,
      rules,
      book: this.#book,
      obstacle: (rule, target) => this.#obstacle(rule, target),
      isCapturing: (rule, target) => this.#runningOf(target)?.rule.name === rule.name,
    })
  }

  /**
   * Begins to look, where there are rules; also after `end`. `hands` do what rules ask for: without them
   * rules only watch and say what they would do.
   */
  async begin(hands?: RuleHands): Promise<void> {
    if (!this.#isLoaded) {
      const problem = await this.#book.load(this.#nowMs())
      if (problem !== undefined) {
        this.#options.log.warn({ problem }, 'what rules did before is lost: budgets begin anew')
      }
    }
    this.#isLoaded = true
    this.#hands = hands
    this.#isEnded = false
    this.#schedule(0)
  }

  /** Takes new rules over. Budgets belong to names and stay; what runs goes on. */
  reconfigure(rules: readonly Rule[]): void {
    this.#watch.rules = rules
    this.#schedule(0)
  }

  get isEmpty(): boolean {
    return this.#watch.rules.length === 0
  }

  /** For the stall watch: the event loop of the target stood still for so long. */
  stalled(target: Pick<Target, 'instance'>, durationMs: number): void {
    this.#watch.stalled(target, durationMs)
    this.#schedule(0)
  }

  /** What every rule does with every target that whoever asks may see, and why. */
  report(rights?: TargetRights): Promise<readonly RuleReport[]> {
    const judged = this.#watch.judged().filter(({ target }) => mayUse(target, rights))
    const { disk } = this.#options.outlets
    const isOwner = rights === undefined
    return reportRules(this.#watch.rules, judged, {
      book: this.#book,
      disk,
      isOwner,
      nowMs: this.#nowMs(),
    })
  }

  /** Ends what runs; resolves when the targets are restored and all is written down. */
  async end(): Promise<void> {
    this.#isEnded = true
    clearTimeout(this.#timer)
    await this.#turn
    for (const { abort } of this.#running) abort.abort(new Error('pprofd is stopping'))
    await Promise.all([...this.#running].map(({ done }) => done))
    if (this.#isLoaded) await this.#save()
  }

  #schedule(inMs: number): void {
    clearTimeout(this.#timer)
    if (this.#isEnded || this.isEmpty) return
    this.#timer = setTimeout(() => {
      // A turn that takes longer than its interval is not overtaken.
      this.#turn ??= this.#look().finally(() => {
        this.#turn = undefined
        this.#schedule(this.#options.intervalMs ?? this.#watch.intervalMs)
      })
    }, inMs)
    this.#timer.unref()
  }

  async #look(): Promise<void> {
    try {
      const judged = await this.#watch.look()
      this.#saysListFailed = false
      for (const one of judged) {
        if (one.verdict.state !== 'fires' || this.#isEnded) continue
        // What fired before it in this turn may have used its budget.
        const again = this.#watch.judgedAgain(one)
        if (again?.verdict.state === 'fires') this.#fire(again)
      }
      this.#book.prune(this.#watch.rules, this.#nowMs())
      await this.#save()
    } catch (err) {
      if (!this.#saysListFailed)
        this.#options.log.error({ err }, 'rules cannot look at the targets')
      this.#saysListFailed = true
    }
  }

  #fire(judged: Judged): void {
    const { rule, target } = judged
    const abort = new AbortController()
    const done = this.#capture(judged, abort.signal).finally(() => this.#running.delete(running))
    const running: Running = { rule, target, abort, done }
    this.#running.add(running)
  }

  async #capture({ rule, target, reason }: Judged, signal: AbortSignal): Promise<void> {
    const { log, outlets } = this.#options
    const hands = this.#hands
    if (hands === undefined) return
    const nowMs = this.#nowMs()
    const who = {
      rule: rule.name,
      target: target.id,
      targetPid: target.pid,
      action: rule.do,
      reason,
    }
    const { instance } = target
    this.#update(rule, target, (before) => withFiring(before, rule, { instance, nowMs }))
    const isWritten = await this.#save()
    log.info(who, 'rule fired')
    const outcome: Outcome = isWritten
      ? await runAction(rule, { target, reason, signal }, { hands, outlets })
      : { ok: false, taken: false, words: 'the state folder cannot be written to' }
    this.#watch.startAnew(target)
    const endedMs = this.#nowMs()
    this.#update(rule, target, (before) => {
      const last = { atMs: nowMs, reason, outcome: outcome.words, ok: outcome.ok }
      if (outcome.taken) return { ...before, failures: 0, last }
      // pprofd's own stop is nobody's failure.
      if (signal.aborted)
        return { ...withFailure(before, nowMs, endedMs), failures: before.failures, last }
      return { ...withFailure(before, nowMs, endedMs), last }
    })
    await this.#save()
    const fields = { ...who, outcome: outcome.words, elapsedMs: endedMs - nowMs }
    if (outcome.ok) log.info(fields, 'rule captured')
    else
      log.warn(
        fields,
        outcome.taken ? 'rule captured, but could not keep it' : 'rule could not capture',
      )
  }

  #update(
    rule: Rule,
    target: Target,
    change: (before: ReturnType<RuleBook['firings']>) => ReturnType<RuleBook['firings']>,
  ): void {
    const before = this.#book.firings(rule.name, target.name)
    this.#book.setFirings(rule.name, target.name, change(before))
  }

  #obstacle(rule: Rule, target: Target): string | undefined {
    const missing = missingPart(rule, this.#hands, this.#options.outlets)
    if (missing !== undefined) return missing
    const other = this.#runningOf(target)
    if (other !== undefined) return `rule ${other.rule.name} captures it now`
    if (this.#running.size < maxRunning) return undefined
    return `${maxRunning} captures of rules run already`
  }

  #runningOf({ pid, id }: Target): Running | undefined {
    return [...this.#running].find(({ target }) => target.pid === pid && target.id === id)
  }

  async #save(): Promise<boolean> {
    try {
      await this.#book.save()
      return true
    } catch (err) {
      this.#options.log.error({ err }, 'what rules did cannot be written down')
      return false
    }
  }
}
