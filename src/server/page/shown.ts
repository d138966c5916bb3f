/** How targets are written on the page. */

import type { Target } from '../../targets/target.ts'
import type { TargetFigures } from '../../targets/target-figures.ts'

/** Enough of a command line to tell two services apart. */
const maxCommandLength = 120

export function shownCommand({ argv }: Target): string {
  const text = argv.join(' ')
  return text.length > maxCommandLength ? `${text.slice(0, maxCommandLength)}...` : text
}

/** A word that no shell takes apart. */
export function fileName({ id }: Target): string {
  return id.replace(/[^A-Za-z0-9_.]+/g, '-').replace(/^[-.]+/, '') || 'target'
}

/** As the page's script writes them, which then keeps them up to date. */
export function shownFigures(figures: TargetFigures | undefined): readonly ShownFigure[] {
  const { nodeVersion, uptimeSeconds, residentBytes, threads } = figures ?? {}
  return [
    { name: 'node', label: 'Node', text: nodeVersion ?? '' },
    { name: 'uptime', label: 'Up', text: uptimeSeconds === undefined ? '' : age(uptimeSeconds) },
    // A share takes two looks.
    { name: 'cpu', label: 'CPU', text: '' },
    { name: 'memory', label: 'Memory', text: residentBytes ? megabytes(residentBytes) : '' },
    { name: 'threads', label: 'Threads', text: threads === undefined ? '' : String(threads) },
  ]
}

export interface ShownFigure {
  readonly name: string
  readonly label: string
  readonly text: string
}

function age(seconds: number): string {
  if (seconds < 60) return `${Math.floor(seconds)} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`
}
