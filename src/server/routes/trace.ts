/** GET /debug/pprof/trace: what the target does over time, as trace events, streamed while it is recorded. */
import type { OutgoingHttpHeaders } from 'node:http'
import { recordTrace, type TraceRecording, type TraceStart } from '../../captures/trace.ts'
import {
  defaultTraceCategories,
  readTraceCategories,
  type TraceCategory,
  traceCategories,
} from '../../captures/trace-categories.ts'
import { ChromeTrace } from '../../convert/trace/chrome-trace.ts'
import type { Target } from '../../targets/target.ts'
import type { Handler, ServerContext, TargetRequest } from '../context.ts'
import { type DeclaredParameters, readDeclared } from '../declared-parameters.ts'
import { firstValue } from '../parameters.ts'
import { requestTarget } from '../request-target.ts'
import { hzParameter, type ParameterSettings, sourcemapsParameter } from '../shared-parameters.ts'
import { streamCapture } from '../stream-capture.ts'
import type { StreamedAnswer } from '../streamed-answer.ts'
import { targetSources } from '../target-sources.ts'

/** Go's. */
const defaultSeconds = 1

export function traceParameters(settings: ParameterSettings) {
  const { limits, profile } = settings
  return {
    seconds: {
      kind: 'decimal',
      fallback: Math.min(defaultSeconds, limits.maxSeconds),
      above: 0,
      max: limits.maxSeconds,
      description: 'How long to record; it may have a fraction. Maximum: limits.maxSeconds.',
    },
    hz: hzParameter(
      profile.hz,
      'Samples a second and thread. Default: profile.hz of the configuration.',
    ),
    categories: {
      kind: 'words',
      choices: [...traceCategories, 'none'],
      fallback: defaultTraceCategories,
      description: "Which of Node's trace events there are; none alone: stacks only.",
    },
    force: {
      kind: 'flag',
      fallback: false,
      description:
        "1 records although the estimated pause is above limits.maxPauseMs, or although Node's events may harm the target: they come too often, or it has worker threads.",
    },
    sourcemaps: sourcemapsParameter(settings),
  } as const satisfies DeclaredParameters
}

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
  const { categories, ...simple } = traceParameters(context)
  const asked = firstValue(query, 'categories')
  return {
    ...readDeclared(query, simple),
    categories:
      asked === undefined ? categories.fallback : readTraceCategories(asked, 'categories'),
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
