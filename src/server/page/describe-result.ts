/** A result as the page's script reads it. */
import type { Result } from './result-store.ts'

export function describeResult(result: Result): object {
  const { id, kind, label, target, seconds, captureId, cost, missing = [] } = result
  const [view] = result.files
  const path = (name: string) => `/ui/results/${id}/${encodeURIComponent(name)}`
  return {
    id,
    kind,
    label,
    target,
    seconds,
    capture: captureId,
    madeAt: new Date(result.madeAtMs).toISOString(),
    remainingMs: Math.max(0, result.goneAtMs - Date.now()),
    pauseMs: cost.pauseMs ?? null,
    missing,
    view: view === undefined ? null : flameGraphPath(path(view.name), `${label} of ${target.name}`),
    files: result.files.map(({ name, label }) => ({ name, label, path: path(name) })),
  }
}

/** speedscope reads what it shows from the part that never leaves the browser. */
function flameGraphPath(profile: string, title: string): string {
  const parameters = { profileURL: profile, title }
  const texts = Object.entries(parameters).map(([key, value]) => {
    return `${key}=${encodeURIComponent(value.replace(/\p{Surrogate}/gu, '\ufffd'))}`
  })
  return `/ui/speedscope/#${texts.join('&')}`
}
