/** What the schema cannot say of `rules`. */
import type { Problem } from './check-settings.ts'
import type { Settings } from './config.ts'
import { nearest } from './nearest.ts'

/** Those that take no time. */
const momentary = ['goroutine', 'retained']

/** The first thing that is wrong; undefined: nothing is. */
export function ruleProblem({ rules, targets, limits }: Settings): Problem | undefined {
  const names = new Set<string>()
  for (const [index, rule] of rules.entries()) {
    const at = (key: string, words: string) => ({ path: ['rules', String(index), key], words })
    if (names.has(rule.name)) return at('name', `is ${rule.name}, the name of an earlier rule`)
    names.add(rule.name)
    if (rule.targets !== undefined && rule.match !== undefined) {
      return at('match', 'cannot stand beside targets: a rule has names or an expression')
    }
    const known = targets.map(({ name }) => name)
    const unknown = rule.targets?.find((name) => !known.includes(name))
    if (unknown !== undefined) return at('targets', unknownTarget(unknown, known))
    if (rule.for !== undefined && rule.when.ageSeconds !== undefined) {
      return at('for', 'is of no use with ageSeconds, which has no window')
    }
    if (rule.seconds === undefined) continue
    if (momentary.includes(rule.do)) {
      return at('seconds', `is of no use with do: ${rule.do}, which is taken at one moment`)
    }
    if (rule.do !== 'last' && rule.seconds > limits.maxSeconds) {
      return at(
        'seconds',
        `is ${rule.seconds}, but limits.maxSeconds allows ${limits.maxSeconds} at most`,
      )
    }
  }
  return undefined
}

function unknownTarget(name: string, known: readonly string[]): string {
  const guess = nearest(name, known)
  const hint = guess === undefined ? '' : ` (did you mean ${guess}?)`
  return `names ${name}, but targets has none of that name${hint}`
}
