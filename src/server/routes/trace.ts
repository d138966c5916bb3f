/** GET /debug/pprof/trace: what the target does over time, as trace events, streamed while it is recorded. */
import type { OutgoingHttpHeaders } from 'node:http'
import { recordTrace, type TraceRecording, type TraceStart } from '../../captures/trace.ts'
import {
  defaultTraceCategories,
  readTraceCategories,
  type TraceCategory,
} from '../../captures/trace-categories.ts'
import { ChromeTrace } from '../../convert/trace/chrome-trace.ts'
import type { Target } from '../../targets/target.ts'
import type { Handler, ServerContext, TargetRequest } from '../context.ts'
import { decimal, firstValue, oneOf, wholeNumber } from '../parameters.ts'
import { requestTarget } from '../request-target.ts'
import { streamCapture } from '../stream-capture.ts'
import type { StreamedAnswer } from '../streamed-answer.ts'
import { targetSources, wantsSources } from '../target-sources.ts'

/** Go's. */
const defaultSeconds = 1

/** As of CPU profiles: beyond it the target pays more than it tells. */
const maxHz = 1000

/**
 * seconds: (default: 1) how long to record. Above 0, maximum limits.maxSeconds; may have a fraction.
 * hz: (default: profile.hz) samples per second and thread. Minimum is 1, maximum is 1000.
 * categories: (default: those of defaultTraceCategories) of Node's trace events, with commas between
 *   them; none: stacks only.
 * force: (default: 0) 1 records although the estimated pause is above limits.maxPauseMs, or although
 *   Node's events may harm the target: they come too often, or it has worker threads.
 * sourcemaps: (default: sourceMaps of the configuration) 0 leaves names and lines as they run.
 */
export function traceHandler(context: ServerContext): Handler {
  return async (request, reply) => {
    const wanted = readParameters(request, context)
    const target = await requestTarget(context.targets, request)
    return streamCapture(context, request, reply, target, {
      name: 'trace',
      durationMs: wanted.seconds * 1000,
      wanted: { ...wanted, categories: wanted.categories.join(',') },
      work: (signal, answer) => stream(context, target, { ...wanted, signal }, answer),
      cost,
    })
  }
}

interface TraceParameters {
  readonly seconds: number
  readonly hz: number
  readonly categories: readonly TraceCategory[]
  readonly force: boolean
  readonly sourcemaps: boolean
}

interface StreamedTrace extends TraceRecording {
  readonly sizeBytes: number
}

function readParameters({ query }: TargetRequest, context: ServerContext): TraceParameters {
  const { limits, profile } = context
  const max = limits.maxSeconds
  const categories = firstValue(query, 'categories')
  return {
    seconds: decimal(query, 'seconds', { fallback: Math.min(defaultSeconds, max), above: 0, max }),
    hz: wholeNumber(query, 'hz', { fallback: profile.hz, min: 1, max: maxHz }),
    categories:
      categories === undefined
        ? defaultTraceCategories
        : readTraceCategories(categories, 'categories'),
    force: oneOf(query, 'force', ['0', '1'], '0') === '1',
    sourcemaps: wantsSources(query, context),
  }
}

async function stream(
  context: ServerContext,
  target: Target,
  wanted: TraceParameters & { readonly signal: AbortSignal },
  answer: StreamedAnswer,
): Promise<StreamedTrace> {
  const { signal, hz, categories } = wanted
  let sizeBytes = 0
  const write = async (bytes: Uint8Array) => {
    sizeBytes += bytes.length
    await answer.write(bytes)
    // Whoever looks on sees it come, however little it is.
    answer.flush()
  }
  const traces: ChromeTrace[] = []
  const recording = await recordTrace(context.targets, target, {
    durationMs: wanted.seconds * 1000,
    hz,
    categories,
    force: wanted.force,
    maxPauseMs: wanted.force ? undefined : context.limits.maxPauseMs,
    signal,
    onStart: (start) => {
      const trace = new ChromeTrace(start, targetSources(context, start.target, wanted.sourcemaps))
      traces.push(trace)
      answer.begin(headersOf(start))
      return write(trace.head())
    },
    write: async (window) => {
      for (const trace of traces) await write(await trace.window(window))
    },
  })
  for (const trace of traces) await write(trace.end(recording))
  await answer.end({})
  signal.throwIfAborted()
  return { ...recording, sizeBytes }
}

function headersOf({ target, attachMs, startPauseMs }: TraceStart): OutgoingHttpHeaders {
  return {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Disposition': `attachment; filename="trace-${target.pid}.json"`,
    'X-Pprofd-Pid': target.pid,
    'X-Pprofd-Attach-Ms': attachMs.toFixed(1),
    'X-Pprofd-Start-Pause-Ms': startPauseMs.toFixed(1),
  }
}

function cost(trace: StreamedTrace) {
  return {
    attachMs: trace.attachMs,
    startPauseMs: trace.startPauseMs,
    longestPauseMs: trace.longestPauseMs,
    pauseMs: Math.max(trace.startPauseMs, trace.longestPauseMs),
    openedInspector: trace.openedInspector,
    droppedCount: trace.droppedCount,
    sizeBytes: trace.sizeBytes,
  }
}
