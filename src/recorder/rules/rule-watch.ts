/** Reads the figures of the targets that rules look at, and judges. It changes nothing but the book. */
import { readProcFile } from '../../proc/proc-file.ts'
import type { Target } from '../../targets/target.ts'
import type { LiveFiguresOf } from '../live-figures.ts'
import { type Budget, budgetOf, type Firings } from './budget.ts'
import { judge, reasonWords, type Verdict } from './judge.ts'
import { ReadingWindow, type WindowState } from './reading-window.ts'
import { type Rule, triggerOf, windowMsOf } from './rule.ts'
import type { RuleBook } from './rule-book.ts'
import { type FigureReading, KernelReader, kernelReading, liveReading } from './rule-figures.ts'
import { restartsIn, withSeen } from './starts.ts'
import { triggers } from './trigger.ts'

export interface RuleWatchOptions {
  readonly rules: readonly Rule[]
  /** The targets that are opted in, as they run now. */
  readonly listTargets: () => Promise<readonly Target[]>
  readonly book: RuleBook
  readonly procRoot?: string | undefined
  /** Undefined: nobody is ever in a session. */
  readonly live?: LiveFiguresOf | undefined
  /** Whether whoever watches for stalls from outside calls `stalled`. */
  readonly watchesStalls?: (() => boolean) | undefined
  /** What stands in the way of a capture, in words. */
  readonly obstacle?: ((rule: Rule, target: Target) => string | undefined) | undefined
  readonly isCapturing?: ((rule: Rule, target: Target) => boolean) | undefined
  /** ms since the epoch. (default: the clock's) */
  readonly nowMs?: (() => number) | undefined
  /** ms on a clock that nobody sets, for durations. (default: that of `performance.now`) */
  readonly clockMs?: (() => number) | undefined
}

/** What is to be said of one rule and one target. */
export interface Judged {
  readonly rule: Rule
  readonly target: Target
  readonly window: WindowState
  readonly budget: Budget
  readonly firings: Firings
  readonly verdict: Verdict
  /** What was measured and why that is too much; of use where it fires. */
  readonly reason: string
}

/** One rule's look at one run of a process. */
interface Look {
  readonly rule: Rule
  target: Target
  readonly window: ReadingWindow
  unknown: string | undefined
  notMeant: string | undefined
  isRead: boolean
}

/** Processes come and go slowly beside their figures, and finding them reads all of /proc. */
const listEveryMs = 5000
/** A process this much older than `ageSeconds` when it is first seen did not start under our eyes. */
const ageGraceSeconds = 15

export class RuleWatch {
  readonly #options: RuleWatchOptions
  readonly #reader: KernelReader
  readonly #nowMs: () => number
  readonly #clockMs: () => number
  #rules: readonly Rule[]
  #targets: readonly Target[] = []
  #listedAtMs = Number.NEGATIVE_INFINITY
  #looks = new Map<string, Look>()

  constructor(options: RuleWatchOptions) {
    const { procRoot = '/proc', nowMs = Date.now, clockMs = () => performance.now() } = options
    this.#options = options
    this.#rules = options.rules
    this.#reader = new KernelReader(procRoot)
    this.#nowMs = nowMs
    this.#clockMs = clockMs
  }

  /** Windows of rules that stay as they are go on. */
  set rules(rules: readonly Rule[]) {
    const same = new Set(rules.map((rule) => JSON.stringify(rule)))
    for (const [key, { rule }] of this.#looks) {
      if (!same.has(JSON.stringify(rule))) this.#looks.delete(key)
    }
    this.#rules = rules
    this.#listedAtMs = Number.NEGATIVE_INFINITY
  }

  get rules(): readonly Rule[] {
    return this.#rules
  }

  /** How often to look: five times in the shortest window, once in 1 to 10 s. */
  get intervalMs(): number {
    const windows = this.#rules.map((rule) =>
      triggers[triggerOf(rule)[0]].summary === 'latest' ? listEveryMs * 5 : windowMsOf(rule),
    )
    return Math.min(10_000, Math.max(1000, Math.min(...windows) / 5))
  }

  /** Reads everything once. */
  async look(): Promise<readonly Judged[]> {
    const clockMs = this.#clockMs()
    // Half a second earlier, so that the turn of the loop is met.
    if (clockMs - this.#listedAtMs > listEveryMs - 500) await this.#list(clockMs)
    await Promise.all(this.#targets.map((target) => this.#read(target)))
    return this.judged()
  }

  /** As of the last look. */
  judged(): readonly Judged[] {
    return [...this.#looks.values()].map((look) => this.#judge(look))
  }

  judgedAgain({ rule, target }: Judged): Judged | undefined {
    const look = this.#looks.get(keyOf(rule, target))
    return look && this.#judge(look)
  }

  /** The event loop of the target stood still for so long. */
  stalled({ instance }: Pick<Target, 'instance'>, durationMs: number): void {
    for (const { rule, target, window } of this.#looks.values()) {
      if (target.instance !== instance || rule.when.loopDelayMs === undefined) continue
      window.add(this.#clockMs(), durationMs)
    }
  }

  /** Its figures say nothing for a while: a capture has been taken of it. */
  startAnew({ instance }: Pick<Target, 'instance'>): void {
    for (const { target, window } of this.#looks.values()) {
      // Ages and restarts have no window.
      if (target.instance === instance && !window.isLatest) window.clear()
    }
  }

  async #list(clockMs: number): Promise<void> {
    this.#targets = (await this.#options.listTargets()).filter(({ kind }) => kind !== 'self')
    this.#listedAtMs = clockMs
    await this.#countStarts()
    const wanted = new Map<string, readonly [Rule, Target]>()
    for (const rule of this.#rules) {
      const isMeant = filterOf(rule)
      for (const target of this.#targets.filter(isMeant)) {
        wanted.set(keyOf(rule, target), [rule, target])
      }
    }
    const looks = new Map<string, Look>()
    for (const [key, [rule, target]] of wanted) {
      const known = this.#looks.get(key)
      if (known !== undefined) known.target = target
      looks.set(key, known ?? newLook(rule, target))
    }
    this.#looks = looks
    this.#reader.keep(new Set(this.#targets.map(({ instance }) => instance)))
  }

  async #countStarts(): Promise<void> {
    if (!this.#rules.some(({ when }) => when.restarts !== undefined)) return
    const { procRoot = '/proc', book } = this.#options
    const uptime = Number.parseFloat((await readProcFile(`${procRoot}/uptime`)) ?? '')
    const bootedAtMs = this.#nowMs() - uptime * 1000
    const running = this.#targets.filter(({ pid }) => pid !== 0)
    const named = this.#rules.flatMap(({ targets = [] }) => targets)
    for (const name of new Set([...named, ...running.map((target) => target.name)])) {
      const seen = running
        .filter((target) => target.name === name)
        .map(({ instance, startTimeTicks }) => ({
          instance,
          // USER_HZ is 100 on x64 and arm64.
          startedAtMs: bootedAtMs + Number(startTimeTicks) * 10,
        }))
      if (seen.length > 0 || book.starts(name))
        book.setStarts(name, withSeen(book.starts(name), seen))
    }
  }

  async #read(target: Target): Promise<void> {
    const looks = [...this.#looks.values()].filter(
      (look) => look.target.instance === target.instance && look.target.id === target.id,
    )
    if (looks.length === 0) return
    if (target.pid === 0) {
      const unknown = 'the target is known by its port only, so the kernel tells nothing of it'
      for (const look of looks) look.unknown = unknown
      return
    }
    const figures = await this.#reader.read(
      target,
      looks.map(({ rule }) => rule),
    )
    if (figures === undefined) {
      for (const look of looks) this.#looks.delete(keyOf(look.rule, look.target))
      return
    }
    const clockMs = this.#options.clockMs?.() ?? figures.clockMs
    for (const look of looks) {
      const [kind, threshold] = triggerOf(look.rule)
      if (kind === 'ageSeconds' && !look.isRead) {
        const wasOlder = figures.ageSeconds > threshold + ageGraceSeconds
        look.notMeant ??= wasOlder ? 'it was older already when pprofd first saw it' : undefined
      }
      look.isRead = true
      const { source } = triggers[kind]
      const reading =
        source === 'starts'
          ? this.#restarts(look, clockMs)
          : source === 'kernel'
            ? kernelReading(kind, { ...figures, clockMs })
            : this.#liveReading(look, clockMs)
      look.unknown = 'unknown' in reading ? reading.unknown : undefined
      if (!('unknown' in reading)) look.window.add(reading.atMs, reading.value)
    }
  }

  #restarts(look: Look, atMs: number): FigureReading {
    const starts = this.#options.book.starts(look.target.name)
    const isLast = starts?.last === look.target.instance
    look.notMeant = isLast ? undefined : 'this process is not the one that was started last'
    const value = starts ? restartsIn(starts, windowMsOf(look.rule), this.#nowMs()) : 0
    return { atMs, value }
  }

  #liveReading({ rule, target }: Look, clockMs: number): FigureReading {
    const [kind] = triggerOf(rule)
    const reading = liveReading(kind, this.#options.live?.(target), clockMs)
    const watchesStalls = kind === 'loopDelayMs' && this.#options.watchesStalls?.() === true
    // No stall was told since the last look.
    return 'unknown' in reading && watchesStalls ? { atMs: clockMs, value: 0 } : reading
  }

  #judge({ rule, target, window, unknown, notMeant }: Look): Judged {
    const { book, obstacle, isCapturing } = this.#options
    const nowMs = this.#nowMs()
    const firings = book.firings(rule.name, target.name)
    const budget = budgetOf(rule, firings, nowMs)
    const state = window.state()
    const verdict = judge({
      rule,
      window: state,
      budget,
      firings,
      instance: target.instance,
      nowMs,
      unknown,
      notMeant,
      obstacle: obstacle?.(rule, target),
      capturing: isCapturing?.(rule, target) ?? false,
    })
    return {
      rule,
      target,
      window: state,
      budget,
      firings,
      verdict,
      reason: reasonWords(rule, state),
    }
  }
}

function newLook(rule: Rule, target: Target): Look {
  const { summary } = triggers[triggerOf(rule)[0]]
  const window = new ReadingWindow(windowMsOf(rule), summary)
  return { rule, target, window, unknown: undefined, notMeant: undefined, isRead: false }
}

/** Names are those of the configuration; several processes may have the same one. */
export function filterOf({ targets, match }: Rule): (target: Target) => boolean {
  if (targets !== undefined) return ({ name }) => targets.includes(name)
  if (match === undefined) return () => true
  const expression = new RegExp(match)
  return ({ argv }) => expression.test(argv.join(' '))
}

function keyOf({ name }: Rule, { id, instance }: Target): string {
  return JSON.stringify([name, id, instance])
}
