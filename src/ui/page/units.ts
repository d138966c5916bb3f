/** Figures for people; as src/server/page/shown.ts writes them before this script runs. */

export function age(seconds: number): string {
  if (seconds < 60) return `${Math.floor(seconds)} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}

export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`
}

export function milliseconds(ms: number): string {
  if (ms >= 10_000) return `${Math.round(ms / 1000)} s`
  return ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms)} ms`
}

export function fromTo(fromMs: number, toMs: number): string {
  return `${milliseconds(fromMs)} to ${milliseconds(toMs)}`
}

export function clock(iso: string): string {
  return new Date(iso).toLocaleTimeString()
}
