/** `pprofd rules`: what the rules of the configuration see now, and what they would capture. Touches nothing. */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { stateFolder } from '../config/state-folder.ts'
import { noFirings, withFiring } from '../recorder/rules/budget.ts'
import { actionWords } from '../recorder/rules/rule.ts'
import { RuleBook } from '../recorder/rules/rule-book.ts'
import { RuleFolder } from '../recorder/rules/rule-folder.ts'
import { type RuleReport, reportRules } from '../recorder/rules/rule-report.ts'
import { type Judged, RuleWatch } from '../recorder/rules/rule-watch.ts'
import { type Commands, type CommonFlags, ownOptions } from './command.ts'
import { type DirectTargets, withTargets } from './direct-targets.ts'
import { numberFlag } from './number-flag.ts'
import { formatTable } from './table.ts'

interface RulesFlags extends CommonFlags {
  readonly dryRun?: boolean | undefined
  readonly seconds?: string | undefined
  readonly json?: boolean | undefined
}

/** What would have been captured. */
interface Firing {
  readonly at: string
  readonly rule: string
  readonly target: string
  readonly pid: number
  readonly action: string
  readonly reason: string
}

/** From the first of the two readings that a CPU share needs to the second. */
const nowMs = 1000
/** On a machine that hardly moves the first one may take all the time. */
const fewestLooks = 2
const shortestMs = 100
/** Long enough for most windows to be covered. */
const dryRunSeconds = 60

export function addRulesCommand({ cli, run }: Commands): void {
  cli.command(
    'rules',
    'Say what the rules see now, or would capture',
    (command) =>
      command
        .options(
          ownOptions({
            'dry-run': {
              type: 'boolean',
              default: false,
              description: 'Watch for a while and say what would have been captured',
            },
            seconds: {
              alias: 's',
              type: 'string',
              requiresArg: true,
              defaultDescription: String(dryRunSeconds),
              description: 'How long a dry run watches, in seconds',
            },
            json: { type: 'boolean', default: false, description: 'Print JSON' },
          }),
        )
        .example('$0 rules', 'what each rule measures of each target, and what budget is left')
        .example('$0 rules --dry-run -s 30', 'before they are let loose')
        .epilogue(
          'It reads /proc and the state folder only. What a session would have to tell (heapShare, ' +
            'loopUtilization, loopDelayMs) is unknown here; GET /rules of the daemon has it.',
        ),
    run((args: RulesFlags) => withTargets(args, (direct) => rules(args, direct))),
  )
}

async function rules(flags: RulesFlags, { targets, config }: DirectTargets): Promise<number> {
  const range = { fallback: dryRunSeconds, above: 0, max: 86_400 }
  const dryRunMs = numberFlag('--seconds', flags.seconds, range) * 1000
  const folder = stateFolder(config.stateDir, process.env)
  const book = new RuleBook(folder)
  const problem = await book.load(Date.now())
  if (problem !== undefined)
    process.stderr.write(`warning: ${problem}; budgets are shown as unused\n`)
  const watch = new RuleWatch({
    rules: config.rules,
    listTargets: () => targets.optedIn(),
    book,
    procRoot: targets.procRoot,
  })
  const firings: Firing[] = []
  const fire = (judged: Judged) => {
    const firing = describe(judged)
    firings.push(firing)
    if (!flags.json) process.stdout.write(`${firingLine(firing)}\n`)
    countOff(book, judged)
    watch.startAnew(judged.target)
  }
  if (config.rules.length > 0) {
    await watchFor(watch, flags.dryRun ? dryRunMs : nowMs, flags.dryRun ? fire : undefined)
  }
  const report = await reportRules(watch.rules, watch.judged(), {
    book,
    disk: new RuleFolder(join(folder, 'captures')),
    isOwner: true,
    nowMs: Date.now(),
  })
  if (flags.json) {
    const wouldHaveFired = flags.dryRun ? { wouldHaveFired: firings } : {}
    process.stdout.write(`${JSON.stringify({ ...wouldHaveFired, rules: report }, null, 2)}\n`)
    return 0
  }
  if (flags.dryRun && report.length > 0) {
    const seconds = dryRunMs / 1000
    process.stdout.write(`${summary(firings.length)} in ${seconds} s\n\n`)
  }
  process.stdout.write(`${asText(report)}\n`)
  return 0
}

/** Looks as the daemon would, until the time is up. */
async function watchFor(
  watch: RuleWatch,
  durationMs: number,
  fire: ((judged: Judged) => void) | undefined,
): Promise<void> {
  const endMs = performance.now() + durationMs
  for (let looks = 1; ; looks += 1) {
    const judged = await watch.look()
    for (const one of fire === undefined ? [] : judged) {
      const again = watch.judgedAgain(one)
      if (again?.verdict.state === 'fires') fire?.(again)
    }
    const leftMs = endMs - performance.now()
    if (leftMs <= 0 && looks >= fewestLooks) return
    await delay(Math.min(Math.max(leftMs, shortestMs), watch.intervalMs))
  }
}

/** Only in memory: what the daemon has written down stays as it is. */
function countOff(book: RuleBook, { rule, target: { name, instance } }: Judged): void {
  const before = book.firings(rule.name, name) ?? noFirings
  book.setFirings(rule.name, name, withFiring(before, rule, { instance, nowMs: Date.now() }))
}

function describe({ rule, target, reason }: Judged): Firing {
  const at = new Date().toISOString()
  return {
    at,
    rule: rule.name,
    target: target.id,
    pid: target.pid,
    action: actionWords(rule),
    reason,
  }
}

function firingLine({ at, rule, target, pid, action, reason }: Firing): string {
  return `${at}  ${rule} would take ${action} of ${target} (pid ${pid}): ${reason}`
}

function summary(count: number): string {
  if (count === 0) return 'Nothing would have been captured'
  return count === 1
    ? 'One capture would have been taken'
    : `${count} captures would have been taken`
}

function asText(report: readonly RuleReport[]): string {
  if (report.length === 0) return 'The configuration has no rules. docs/rules.md has some to paste.'
  const rows = report.flatMap(({ rule, targets, note }) =>
    targets.length === 0
      ? [[rule, '-', '-', '-', '-', note ?? '']]
      : targets.map(({ target, pid, shown, budget, state, why }) => [
          rule,
          pid === null ? target : `${target} (${pid})`,
          shown ?? '-',
          `${budget.left} of ${budget.of}`,
          state,
          why,
        ]),
  )
  return formatTable([['RULE', 'TARGET', 'NOW', 'LEFT', 'STATE', 'WHY'], ...rows])
}
