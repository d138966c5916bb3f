/** What a profile's comments say of source maps: how many were applied, which are missing or broken. */
import type { ScriptSources } from './script-sources.ts'

/** More are counted: comments are read by people. */
const maxNamed = 3

export class MapNotes {
  #mapped = 0
  readonly #missing: string[] = []
  readonly #broken: string[] = []

  add(path: string, sources: ScriptSources): void {
    if (sources.kind === 'mapped') this.#mapped++
    if (sources.kind === 'missing') this.#missing.push(`${path} names ${sources.map}`)
    if (sources.kind === 'broken') this.#broken.push(`${path}: ${sources.problem}`)
  }

  lines(): readonly string[] {
    return [
      ...(this.#mapped > 0 ? [`source maps: applied to ${counted(this.#mapped)}`] : []),
      ...listed('source maps that are missing', this.#missing),
      ...listed('warning: source maps that are of no use', this.#broken),
    ]
  }
}

function counted(scripts: number): string {
  return scripts === 1 ? '1 script' : `${scripts} scripts`
}

function listed(title: string, all: readonly string[]): readonly string[] {
  if (all.length === 0) return []
  const more = all.length > maxNamed ? ` and ${all.length - maxNamed} more` : ''
  return [`${title}: ${all.slice(0, maxNamed).join('; ')}${more}`]
}
