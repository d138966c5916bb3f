/** GET /debug/fgtrace: fgtrace's timeline of everything, streamed while it is recorded. */
import type { OutgoingHttpHeaders } from 'node:http'
import { type FgtraceRecording, recordFgtrace } from '../../captures/fgtrace.ts'
import { maxCensusShare, maxLookShare } from '../../captures/fgtrace-looks.ts'
import type { FgtraceSink, FgtraceStart, FgtraceTotals } from '../../captures/fgtrace-sink.ts'
import { FgtraceWriter } from '../../convert/fgtrace-writer.ts'
import { FunctionNames } from '../../convert/function-names.ts'
import type { Target } from '../../targets/target.ts'
import type { Handler, ServerContext, TargetRequest } from '../context.ts'
import { readDeclared } from '../declared-parameters.ts'
import {
  type FgtraceParameters,
  fgtraceParameters,
  readFgtraceParameters,
} from '../fgtrace-parameters.ts'
import { requestTarget } from '../request-target.ts'
import {
  forceParameter,
  type ParameterSettings,
  sourcemapsParameter,
} from '../shared-parameters.ts'
import { streamCapture } from '../stream-capture.ts'
import type { StreamedAnswer } from '../streamed-answer.ts'
import { targetSources } from '../target-sources.ts'

/** fgtrace's own, and those of every capture here. */
export function fgtraceRouteParameters(settings: ParameterSettings) {
  return {
    ...fgtraceParameters(settings.limits.maxSeconds),
    force: forceParameter,
    sourcemaps: sourcemapsParameter(settings),
  } as const
}

export function fgtraceHandler(context: ServerContext): Handler {
  return async (request, reply) => {
    const wanted = readParameters(request, context)
    const target = await requestTarget(context.targets, request)
    return streamCapture(context, request, reply, target, {
      name: 'fgtrace',
      durationMs: wanted.seconds * 1000,
      wanted,
      work: (signal, answer) => stream(context, target, wanted, signal, answer),
      cost,
    })
  }
}

interface Wanted extends FgtraceParameters {
  readonly force: boolean
  readonly sourcemaps: boolean
}

function readParameters({ query }: TargetRequest, context: ServerContext): Wanted {
  const { force, sourcemaps } = fgtraceRouteParameters(context)
  return {
    ...readFgtraceParameters(query, context.limits.maxSeconds),
    ...readDeclared(query, { force, sourcemaps }),
  }
}

async function stream(
  context: ServerContext,
  target: Target,
  wanted: Wanted,
  signal: AbortSignal,
  answer: StreamedAnswer,
): Promise<FgtraceRecording> {
  const { targets, limits, goroutine } = context
  const recording = await recordFgtrace(targets, target, {
    durationMs: wanted.seconds * 1000,
    hz: wanted.hz,
    withQuery: goroutine.keepQuery,
    maxHeapBytes: goroutine.maxHeapBytes,
    maxPauseMs: wanted.force ? undefined : limits.maxPauseMs,
    signal,
    sink: (start) => newSink(context, start, wanted, (text) => write(answer, text, start, signal)),
  })
  await answer.end({})
  if (signal.aborted) throw signal.reason
  return recording
}

/** Resolves when there is room for more; a client that leaves rejects it. */
async function write(
  answer: StreamedAnswer,
  text: string,
  start: FgtraceStart,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted()
  if (!answer.hasBegun) answer.begin(headersOf(start))
  const room = answer.write(Buffer.from(text))
  if (room === undefined) return
  let onAbort = () => {}
  const left = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    await Promise.race([room, left])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

function newSink(
  context: ServerContext,
  start: FgtraceStart,
  { hz, stateframes, self, sourcemaps }: Wanted,
  writeText: (text: string) => Promise<void>,
): FgtraceSink {
  const { target, samplingIntervalUs } = start
  const findSources = targetSources(context, target, sourcemaps)
  const writer = new FgtraceWriter({
    hz,
    samplingIntervalUs,
    form: stateframes,
    withOwn: self,
    names: new FunctionNames(target.workingDirectory, findSources),
    write: writeText,
  })
  return {
    begin: (atUs) => writer.begin(atUs, beforehand(start, hz)),
    window: (thread, window) => writer.window(thread, window),
    look: (...found) => writer.look(...found),
    suspended: (atUs, pieces) => writer.suspended(atUs, pieces),
    threadEnded: (thread, atUs) => writer.threadEnded(thread, atUs),
    end: (atUs, totals) => writer.end(atUs, afterwards(totals, writer)),
  }
}

/** What the first event called pprofd says: whose trace it is, what was asked for, and the caps. */
function beforehand({ target, startedAtMs, startPauseMs }: FgtraceStart, hz: number) {
  const { pid, name, nodeVersion } = target
  return {
    target: { pid, name, nodeVersion },
    startedAt: new Date(startedAtMs).toISOString(),
    askedHz: hz,
    startPauseMs: tenths(startPauseMs),
    maxLookShare,
    maxCensusShare,
  }
}

/** What the last one says: what was achieved, what it cost, and what is missing. */
function afterwards(totals: FgtraceTotals, { threads, leftOut }: FgtraceWriter) {
  const { durationMs, looks, looksCostMs, censuses, censusMs, windowPauseMs } = totals
  const perSecond = (count: number) => tenths((count * 1000) / durationMs)
  const achievedHz = threads.map(({ thread, samples, durationUs }) => {
    return [thread, durationUs > 0 ? tenths((samples * 1e6) / durationUs) : 0]
  })
  return {
    durationMs: tenths(durationMs),
    achievedHz: Object.fromEntries(achievedHz),
    looksPerSecond: perSecond(looks),
    looksCostMs: tenths(looksCostMs),
    censusesPerSecond: perSecond(censuses),
    censusMs: tenths(censusMs),
    windowPauseMs: tenths(windowPauseMs),
    leftOut,
    cuts: totals.cuts,
    missing: totals.missing,
    notes: totals.notes,
  }
}

function headersOf({ target, attachMs, startPauseMs }: FgtraceStart): OutgoingHttpHeaders {
  return {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Disposition': `attachment; filename="fgtrace-${target.pid}.json"`,
    'X-Pprofd-Pid': target.pid,
    'X-Pprofd-Attach-Ms': attachMs.toFixed(1),
    'X-Pprofd-Start-Pause-Ms': startPauseMs.toFixed(1),
  }
}

function cost({ attachMs, startPauseMs, windowPauseMs, ...rest }: FgtraceRecording) {
  const { openedInspector, looks, looksCostMs, censuses, censusMs } = rest
  const looked = { looks, looksCostMs, censuses, censusMs }
  const pauseMs = Math.max(startPauseMs, windowPauseMs)
  return { attachMs, startPauseMs, windowPauseMs, pauseMs, openedInspector, ...looked }
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10
}
