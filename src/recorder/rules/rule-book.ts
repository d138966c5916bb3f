/**
 * What rules have done, on disk, so that a restart of pprofd is no new budget: one small JSON file,
 * replaced as a whole, readable by its user only.
 */
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Firings, maxInstances, noFirings } from './budget.ts'
import type { Rule } from './rule.ts'
import { maxRestarts, type Starts } from './starts.ts'

const fileName = 'rules.json'
/** Some thousand targets; a larger file is not one of ours. */
const maxFileBytes = 4_194_304
/** Rules times names of targets; the entries that are oldest go first. */
const maxEntries = 2000
const maxTextLength = 500
/** The highest `atMost`. */
const maxFirings = 1000

interface Entry {
  readonly rule: string
  readonly target: string
  readonly firings: Firings
}

export class RuleBook {
  readonly #folder: string | undefined
  #firings = new Map<string, Entry>()
  #starts = new Map<string, Starts>()
  #isDirty = false
  #saving: Promise<void> = Promise.resolve()

  /** Without a folder nothing is written down. */
  constructor(folder: string | undefined) {
    this.#folder = folder
  }

  /** What is wrong with the file, in words, where it cannot be read: the book is empty then. */
  async load(nowMs: number): Promise<string | undefined> {
    if (this.#folder === undefined) return undefined
    const file = join(this.#folder, fileName)
    try {
      const { size } = await stat(file)
      if (size > maxFileBytes) return `${file} has ${size} bytes, more than pprofd ever writes`
      this.#read(JSON.parse(await readFile(file, 'utf8')), nowMs)
      return undefined
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      this.#firings.clear()
      this.#starts.clear()
      return `${file} is not readable: ${error instanceof Error ? error.message : String(error)}`
    }
  }

  firings(rule: string, target: string): Firings {
    return this.#firings.get(keyOf(rule, target))?.firings ?? noFirings
  }

  setFirings(rule: string, target: string, firings: Firings): void {
    const key = keyOf(rule, target)
    // The newest is the last one.
    this.#firings.delete(key)
    this.#firings.set(key, { rule, target, firings })
    this.#isDirty = true
  }

  starts(target: string): Starts | undefined {
    return this.#starts.get(target)
  }

  setStarts(target: string, starts: Starts): void {
    if (JSON.stringify(this.#starts.get(target)) === JSON.stringify(starts)) return
    this.#starts.delete(target)
    this.#starts.set(target, starts)
    this.#isDirty = true
  }

  /** Forgets what no rule can need any more; rules that are gone keep theirs for a day. */
  prune(rules: readonly Rule[], nowMs: number): void {
    const byName = new Map(rules.map((rule) => [rule.name, rule]))
    for (const [key, { rule, firings }] of this.#firings) {
      const { per = 86_400, cooldown = 0 } = byName.get(rule) ?? {}
      const newestMs = Math.max(
        firings.atMs.at(-1) ?? 0,
        firings.failedAtMs,
        firings.last?.atMs ?? 0,
      )
      if (nowMs - newestMs < Math.max(per, cooldown, 86_400) * 1000) continue
      this.#firings.delete(key)
      this.#isDirty = true
    }
    for (const map of [this.#firings, this.#starts]) {
      const surplus = [...map.keys()].slice(0, Math.max(0, map.size - maxEntries))
      for (const key of surplus) map.delete(key)
    }
  }

  /** One after the other; resolves when what was there at the call is on disk. */
  save(): Promise<void> {
    this.#saving = this.#saving.catch(() => undefined).then(() => this.#write())
    return this.#saving
  }

  async #write(): Promise<void> {
    const folder = this.#folder
    if (folder === undefined || !this.#isDirty) return
    this.#isDirty = false
    const starts = [...this.#starts].map(([target, one]) => ({ target, ...one }))
    const text = JSON.stringify({ version: 1, firings: [...this.#firings.values()], starts })
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const draft = join(folder, `${fileName}.draft`)
      await rm(draft, { force: true })
      // wx: never through a link that somebody laid here.
      const handle = await open(draft, 'wx', 0o600)
      try {
        await handle.writeFile(text)
      } finally {
        await handle.close()
      }
      await rename(draft, join(folder, fileName))
    } catch (error) {
      this.#isDirty = true
      throw error
    }
  }

  /** Throws for anything that pprofd would not have written. */
  #read(value: unknown, nowMs: number): void {
    const { version, firings, starts } = recordOf(value)
    if (version !== 1) throw new Error('it has another version')
    for (const entry of listOf(firings).slice(-maxEntries)) {
      const { rule, target, firings: one } = recordOf(entry)
      const [ruleName, targetName] = [textOf(rule), textOf(target)]
      const read = firingsOf(recordOf(one), nowMs)
      this.#firings.set(keyOf(ruleName, targetName), {
        rule: ruleName,
        target: targetName,
        firings: read,
      })
    }
    for (const entry of listOf(starts).slice(-maxEntries)) {
      const one = recordOf(entry)
      this.#starts.set(textOf(one.target), {
        instances: listOf(one.instances).map(textOf),
        ended: numberOf(one.ended),
        atMs: timesOf(one.atMs, maxRestarts, nowMs),
        last: textOf(one.last),
      })
    }
  }
}

function firingsOf(one: Record<string, unknown>, nowMs: number): Firings {
  const last = one.last === undefined ? undefined : recordOf(one.last)
  return {
    atMs: timesOf(one.atMs, maxFirings, nowMs),
    failures: numberOf(one.failures),
    failedAtMs: Math.min(numberOf(one.failedAtMs), nowMs),
    instances: listOf(one.instances).map(textOf).slice(-maxInstances),
    last: last && {
      atMs: Math.min(numberOf(last.atMs), nowMs),
      reason: textOf(last.reason),
      outcome: textOf(last.outcome),
      ok: last.ok === true,
    },
  }
}

/** A clock that was set back must not make a budget last longer than it does. */
function timesOf(value: unknown, most: number, nowMs: number): readonly number[] {
  return listOf(value)
    .map((at) => Math.min(numberOf(at), nowMs))
    .slice(-most)
}

function keyOf(rule: string, target: string): string {
  return JSON.stringify([rule, target])
}

function recordOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new Error('a mapping is missing in it')
  return { ...value }
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error('a list is missing in it')
  return value
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new Error('a text is missing in it')
  return value.slice(0, maxTextLength)
}

function numberOf(value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw new Error('a number is missing in it')
  return value
}
