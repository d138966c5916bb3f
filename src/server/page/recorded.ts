/** The words of this folder: what the landing page can record, and what a recording leaves behind. */
import { CaptureError } from '../../errors.ts'
import type { Target } from '../../targets/target.ts'
import type { CaptureCost } from '../capture-account.ts'
import type { ServerContext } from '../context.ts'

export interface Wish {
  /** Whole; 0 where the kind has no duration. */
  readonly seconds: number
  /** Although the estimated pause, or what it costs, is above what the configuration allows. */
  readonly force: boolean
  /** Makes no other form than pprof's, or the only one there is. */
  readonly pprofOnly?: boolean | undefined
  /** Of allocations: of those `seconds` only, also where they are sampled all the time. */
  readonly isDelta?: boolean | undefined
}

/** A finished recording, to be had in several formats. */
export interface Recorded {
  readonly cost: CaptureCost
  /** `process.version` of the target; `unknown` where it was not reached. */
  readonly nodeVersion: string
  /** The first one is what is drawn as a flame graph. */
  readonly files: readonly ResultFile[]
  /** Memory that it holds as long as it is kept. */
  readonly sizeBytes: number
  /** Threads or processes that could not be recorded. */
  readonly missing?: readonly string[] | undefined
}

export interface ResultFile {
  /** Of the file, as in URLs: `cpu-4711.pb.gz`. */
  readonly name: string
  /** For people: `pprof`. */
  readonly label: string
  readonly contentType: string
  readonly encode: () => Promise<Encoded> | Encoded
}

export type Encoded = string | Uint8Array

export type Record = (
  context: ServerContext,
  target: Target,
  wish: Wish,
  signal: AbortSignal,
) => Promise<Recorded>

/** The end of every recording: nothing is converted for nobody. */
export function checkAwaited({ aborted }: AbortSignal): void {
  if (aborted) throw new CaptureError('capture-aborted', 'nobody waits for the profile')
}

/** What was encoded at once. */
export function ready(bytes: Encoded): () => Encoded {
  return () => bytes
}
