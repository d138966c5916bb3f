/** The words of rules: as the option `rules` of the configuration writes them. */
import type { ProfileKind } from '../recorded-profile.ts'

export type TriggerKind =
  | 'cpu'
  | 'loopDelayMs'
  | 'loopUtilization'
  | 'memoryBytes'
  | 'memoryShare'
  | 'heapShare'
  | 'openFiles'
  | 'openFilesShare'
  | 'ageSeconds'
  | 'restarts'

/** What is taken; `last` is what the flight recorder has of the last seconds. */
export type ActionKind = ProfileKind | 'last'

export type SinkName = 'disk' | 'push'

export interface Rule {
  readonly name: string
  /** Names of the targets; undefined: all that are opted in. */
  readonly targets?: readonly string[]
  /** Source of a regular expression for the command line; undefined: all. */
  readonly match?: string
  /** Exactly one of them, with its threshold. */
  readonly when: { readonly [Kind in TriggerKind]?: number }
  /** Length of the sliding window in seconds; undefined: `defaultWindowSeconds`. */
  readonly for?: number
  readonly do: ActionKind
  /** How long it is recorded, or how much of the ring is taken; undefined: `defaultSeconds`. */
  readonly seconds?: number
  readonly to: readonly SinkName[]
  /** Captures of one target in any `per` seconds. */
  readonly atMost: number
  readonly per: number
  /** Seconds from one capture of a target to the next. */
  readonly cooldown: number
  /** What its captures may take on disk, of all targets together. */
  readonly maxBytes: number
}

/** Long enough that a garbage collection or a cold cache does not fire it. */
const usualWindowSeconds = 10
/** A crash loop that systemd slows down to a start every few minutes is still one. */
const restartsWindowSeconds = 3600

export function triggerOf({ when }: Rule): readonly [kind: TriggerKind, threshold: number] {
  const [entry] = Object.entries(when)
  const [kind, threshold = Number.POSITIVE_INFINITY] = entry ?? ['cpu']
  return [kind as TriggerKind, threshold]
}

export function windowMsOf(rule: Rule): number {
  const usual = rule.when.restarts === undefined ? usualWindowSeconds : restartsWindowSeconds
  return (rule.for ?? usual) * 1000
}

/** By what is taken; those that are not here have no duration. */
const defaultSeconds: { readonly [Kind in ActionKind]?: number } = {
  profile: 10,
  wall: 10,
  block: 10,
  mutex: 10,
  // As heap.seconds.
  heap: 4,
  allocs: 4,
  // A second of a busy program is some MB.
  trace: 2,
  last: 120,
}

/** Of the action; 0 where it has no duration. */
export function secondsOf({ do: kind, seconds }: Rule): number {
  const fallback = defaultSeconds[kind]
  return fallback === undefined ? 0 : (seconds ?? fallback)
}

/** What is done, as a sentence goes on with it: `profile of 10 s`. */
export function actionWords(rule: Rule): string {
  const seconds = secondsOf(rule)
  if (rule.do === 'last') return `the last ${seconds} s of the flight recorder`
  return seconds === 0 ? rule.do : `${rule.do} of ${seconds} s`
}
