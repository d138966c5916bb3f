/** What the keys of `pprofd top` do. */
import { type TopColumn, topColumns } from '../../convert/top/top-model.ts'

/** How the user looks at it. */
export interface TopView {
  readonly sort: TopColumn
  readonly isPaused: boolean
  readonly showsHelp: boolean
  /** Undefined: all threads together. */
  readonly thread: string | undefined
}

export type TopAction = 'quit' | 'reset' | undefined

export const firstView: TopView = {
  sort: 'ownShare',
  isPaused: false,
  showsHelp: false,
  thread: 'main',
}

/** `key` as `keypress` of node:readline names it. `threads`: those that can be chosen. */
export function pressKey(
  view: TopView,
  key: string,
  threads: readonly string[],
): { readonly view: TopView; readonly action: TopAction } {
  const action = actionOf(key)
  if (view.showsHelp && action !== 'quit') {
    return { view: { ...view, showsHelp: false }, action: undefined }
  }
  return { view: { ...view, ...changeBy(view, key, threads) }, action }
}

function actionOf(key: string): TopAction {
  if (key === 'q' || key === 'ctrl-c') return 'quit'
  return key === 'r' ? 'reset' : undefined
}

function changeBy(view: TopView, key: string, threads: readonly string[]): Partial<TopView> {
  const column = topColumns[Number(key) - 1]
  if (column !== undefined) return { sort: column }
  const choices = threads.length > 1 ? [...threads, undefined] : threads
  switch (key) {
    case 's':
      return { sort: neighbour(topColumns, view.sort, 1) ?? view.sort }
    case 't':
    case 'tab':
    case 'right':
      return { thread: neighbour(choices, view.thread, 1) }
    case 'T':
    case 'left':
      return { thread: neighbour(choices, view.thread, -1) }
    case 'p':
    case 'space':
      return { isPaused: !view.isPaused }
    case '?':
    case 'h':
      return { showsHelp: true }
    default:
      return {}
  }
}

/** The first one where the current one is gone. */
function neighbour<T>(all: readonly T[], current: T, step: number): T | undefined {
  const at = all.indexOf(current)
  return at < 0 ? all[0] : all[(at + step + all.length) % all.length]
}
