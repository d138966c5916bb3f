/** Profiles that nobody asks for in person: in a slot of the admission, in `/captures`, in the log. */
import type { FastifyBaseLogger } from 'fastify'
import { InputError, OperationalError } from '../errors.ts'
import type {
  ProfileKind,
  ProfileWish,
  RecordedProfile,
  TakeProfile,
} from '../recorder/recorded-profile.ts'
import type { Target } from '../targets/target.ts'
import type { CaptureCost } from './capture-account.ts'
import { auditEnd } from './capture-audit.ts'
import type { RunningCapture } from './capture-list.ts'
import type { ServerContext } from './context.ts'
import { type PageKind, pageKind } from './page/kinds.ts'
import { targetKey, whyItEnded } from './run-capture.ts'

/** The daemon asks itself. */
const ownCaller = { uid: process.geteuid?.(), address: 'pprofd' }

export function profileTaker(context: ServerContext, log: FastifyBaseLogger): TakeProfile {
  return async (target, wish) => {
    const kind = knownKind(wish.kind)
    const seconds =
      kind.seconds === 0 ? 0 : Math.min(Math.max(1, wish.seconds), context.limits.maxSeconds)
    const job = { name: kind.logName, wanted: { seconds, because: wish.reason } }
    const durationMs = seconds === 0 ? kind.typicalMs : seconds * 1000
    const abort = new AbortController()
    const giveUp = () => abort.abort(wish.signal?.reason)
    if (wish.signal?.aborted) giveUp()
    wish.signal?.addEventListener('abort', giveUp)
    const startedAtMs = Date.now()
    const startedMs = performance.now()
    const elapsedMs = () => Math.round(performance.now() - startedMs)
    let entry: RunningCapture | undefined
    const audited = () => ({ log, caller: ownCaller, target, job, entry })
    const slot = { targetKey: targetKey(target), uid: ownCaller.uid, durationMs, abort }
    try {
      const { profile, cost } = await context.admission.run(slot, () => {
        const { id, name, pid } = target
        entry = context.captures.begin(
          {
            kind: job.name,
            target: { id, name, pid },
            caller: ownCaller,
            parameters: job.wanted,
            durationMs,
          },
          (error) => abort.abort(error),
        )
        return record(context, target, { ...wish, seconds }, kind, abort.signal)
      })
      auditEnd(context.captures, audited(), {
        outcome: 'ok',
        reason: undefined,
        elapsedMs: elapsedMs(),
        cost,
      })
      return { ...profile, startedAtMs, durationMs: elapsedMs() }
    } catch (error) {
      const reason = whyItEnded(error, abort.signal)
      auditEnd(context.captures, audited(), { ...failure(reason), elapsedMs: elapsedMs() })
      if (!(reason instanceof OperationalError)) log.error({ err: reason }, 'capture failed')
      throw reason
    } finally {
      wish.signal?.removeEventListener('abort', giveUp)
    }
  }
}

type Taken = Omit<RecordedProfile, 'startedAtMs' | 'durationMs'>

async function record(
  context: ServerContext,
  target: Target,
  { kind, seconds, reason }: ProfileWish,
  { record }: PageKind,
  signal: AbortSignal,
): Promise<{ readonly profile: Taken; readonly cost: CaptureCost }> {
  // Series of allocations are sums of what each profile adds.
  const wish = { seconds, force: false, pprofOnly: true, isDelta: kind === 'allocs' }
  const { files, cost, nodeVersion } = await record(context, target, wish, signal)
  const isTrace = kind === 'trace'
  const file = files.find(({ label }) => isTrace || label === 'pprof')
  if (file === undefined) throw new Error(`${kind} has no form to be kept in`)
  const encoded = await file.encode()
  const bytes = typeof encoded === 'string' ? Buffer.from(encoded) : encoded
  const { id, instance, name, service, pid, uid } = target
  const { contentType } = file
  const extension = isTrace ? '.json' : '.pb.gz'
  const { pauseMs } = cost
  const of = { kind, target: { id, instance, name, service, pid, uid }, nodeVersion, reason }
  const profile = { ...of, bytes, contentType, extension, pauseMs }
  return { profile, cost: { ...cost, sizeBytes: bytes.byteLength } }
}

function knownKind(name: ProfileKind): PageKind {
  const kind = pageKind(name)
  if (kind === undefined) throw new InputError('parameter-invalid', `there is no profile ${name}`)
  return kind
}

function failure(error: unknown): { readonly outcome: string; readonly reason: string } {
  if (error instanceof OperationalError) return { outcome: error.code, reason: error.message }
  return { outcome: 'internal-error', reason: 'the details are in the log' }
}
