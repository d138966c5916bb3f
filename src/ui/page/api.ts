/** What the daemon tells and takes: the answers of src/server/routes that this page asks for. */

export interface TargetsAnswer {
  readonly maxSeconds: number
  readonly kinds: readonly Kind[]
  readonly targets: readonly Target[]
}

export interface Kind {
  readonly kind: string
  readonly label: string
  readonly tells: string
  /** 0: it has no duration. */
  readonly seconds: number
}

export interface Target {
  readonly id: string
  readonly key: string
  readonly name: string
  readonly kind: string
  readonly pid: number | null
  readonly command: string
  readonly path: string
  readonly fileName: string
  readonly nodeVersion: string | null
  readonly figures: Figures | null
  /** By kind: why it may not be recorded. */
  readonly denied: Readonly<Record<string, string>>
}

export interface Figures {
  readonly cpuMs: number
  readonly atMs: number
  readonly residentBytes: number
  readonly threads: number
  readonly uptimeSeconds: number
}

export interface Range {
  readonly fromMs: number
  readonly toMs: number
}

export interface Preflight {
  readonly attachable: boolean
  readonly via: string | null
  readonly refusal: string | null
  readonly estimatedPause: Range | null
  readonly warnings: readonly string[]
}

export interface Memory {
  readonly heapSnapshotEstimate: { readonly pauseMs: { from: number; to: number } } | null
}

export interface Result {
  readonly id: string
  readonly kind: string
  readonly label: string
  readonly target: { readonly id: string; readonly name: string; readonly pid: number }
  readonly seconds: number
  readonly madeAt: string
  /** Until the daemon forgets it. */
  readonly remainingMs: number
  readonly pauseMs: number | null
  readonly missing: readonly string[]
  readonly view: string | null
  readonly files: readonly {
    readonly name: string
    readonly label: string
    readonly path: string
  }[]
}

export interface Capture {
  readonly id: string
  readonly kind: string
  readonly state: 'running' | 'done' | 'failed' | 'aborted'
  readonly target: { readonly id: string; readonly name: string; readonly pid: number }
  readonly startedAt: string
  readonly elapsedMs: number
  readonly pauseMs: number | null
  readonly reason: string | null
}

/** The daemon said no, in its own words. */
export class Refusal extends Error {}

export async function ask<Answer>(path: string, options: RequestInit = {}): Promise<Answer> {
  const headers = { Accept: 'application/json' }
  const answer = await fetch(path, { ...options, headers, cache: 'no-store' })
  if (!answer.ok) throw new Refusal((await answer.text()).trim() || `HTTP ${answer.status}`)
  return (await answer.json()) as Answer
}
