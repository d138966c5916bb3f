/** The operations that look into a target: they exist at the root and below `/targets/{target}`. */
import { cpuFormats } from '../../convert/cpu-formats.ts'
import { wallFormats } from '../../convert/wall-formats.ts'
import { goroutineFormats } from '../../snapshot/goroutine-formats.ts'
import type { DeclaredParameters } from '../declared-parameters.ts'
import { contentionParameters } from '../routes/contention.ts'
import { fgtraceRouteParameters } from '../routes/fgtrace.ts'
import { goroutineParameters } from '../routes/goroutine.ts'
import { heapParameters } from '../routes/heap.ts'
import { heapSnapshotParameters } from '../routes/heapsnapshot.ts'
import { panicparseRouteParameters } from '../routes/panicparse.ts'
import { profileParameters } from '../routes/profile.ts'
import { retainedParameters } from '../routes/retained.ts'
import { threadcreateParameters } from '../routes/threadcreate.ts'
import { traceParameters } from '../routes/trace.ts'
import { wallParameters } from '../routes/wall.ts'
import type { ParameterSettings } from '../shared-parameters.ts'
import { type HeaderName, type Operation, ofCaptures } from './operation.ts'

const pprof = cpuFormats.pprof.contentType
const text = 'text/plain; charset=utf-8'
const json = 'application/json; charset=utf-8'

const startAndStop: readonly HeaderName[] = [
  'X-Pprofd-Attach-Ms',
  'X-Pprofd-Start-Pause-Ms',
  'X-Pprofd-Stop-Pause-Ms',
]
const estimates: readonly HeaderName[] = [
  'X-Pprofd-Heap-Bytes',
  'X-Pprofd-Estimated-Bytes',
  'X-Pprofd-Estimated-Pause-Ms',
  'X-Pprofd-Estimated-Target-Bytes',
]

export function profileOperations(settings: ParameterSettings): readonly Operation[] {
  return [
    capture('/debug/pprof/profile', 'A CPU profile', {
      parameters: profileParameters(settings),
      contentTypes: Object.values(cpuFormats).map(({ contentType }) => contentType),
      headers: startAndStop,
    }),
    capture('/debug/pprof/wall', 'Where threads spend their time, waiting included', {
      parameters: wallParameters(settings),
      contentTypes: wallFormats.map((name) => cpuFormats[name].contentType),
      headers: startAndStop,
    }),
    capture('/debug/pprof/heap', 'Who allocates what stays in memory', {
      parameters: heapParameters(settings, 'heap'),
      contentTypes: [pprof, text],
      headers: ['X-Pprofd-Attach-Ms', 'X-Pprofd-Pause-Ms'],
    }),
    capture('/debug/pprof/allocs', 'Who allocates, garbage included', {
      parameters: heapParameters(settings, 'allocs'),
      contentTypes: [pprof, text],
      headers: ['X-Pprofd-Attach-Ms', 'X-Pprofd-Pause-Ms'],
    }),
    capture('/debug/pprof/block', 'Which stacks stopped a thread in a synchronous wait', {
      parameters: contentionParameters(settings, 'block'),
      contentTypes: [pprof, text],
      headers: startAndStop,
    }),
    capture('/debug/pprof/mutex', 'Which stacks kept an event loop from its other work', {
      parameters: contentionParameters(settings, 'mutex'),
      contentTypes: [pprof, text],
      headers: startAndStop,
    }),
    capture('/debug/pprof/threadcreate', 'Every thread and what it is for', {
      parameters: threadcreateParameters(settings),
      contentTypes: [pprof, text],
      headers: [],
    }),
    capture('/debug/pprof/goroutine', 'What every piece of work does or waits for', {
      parameters: goroutineParameters(settings),
      contentTypes: (['pprof', 'text', 'json', 'markdown'] as const).map(
        (format) => goroutineFormats[format].contentType,
      ),
      headers: ['X-Pprofd-Cost-Ms'],
    }),
    capture('/debug/panicparse', 'The same as a page, equal work in one bucket', {
      parameters: panicparseRouteParameters(settings),
      contentTypes: [goroutineFormats.html.contentType],
      headers: ['X-Pprofd-Cost-Ms'],
      isFile: false,
    }),
    capture('/debug/pprof/trace', 'What happens over time, as Chrome trace events', {
      parameters: traceParameters(settings),
      contentTypes: [json],
      headers: ['X-Pprofd-Attach-Ms', 'X-Pprofd-Start-Pause-Ms'],
    }),
    capture('/debug/fgtrace', 'A timeline of everything, in the form of fgtrace', {
      parameters: fgtraceRouteParameters(settings),
      contentTypes: [json],
      headers: ['X-Pprofd-Attach-Ms', 'X-Pprofd-Start-Pause-Ms'],
    }),
    capture('/debug/pprof/retained', 'Who holds the memory: paths of dominators', {
      parameters: retainedParameters,
      contentTypes: [pprof],
      headers: ['X-Pprofd-Attach-Ms', 'X-Pprofd-Pause-Ms'],
    }),
    capture('/debug/heapsnapshot', "V8's heap snapshot, where profiles allows it", {
      parameters: heapSnapshotParameters,
      contentTypes: ['application/json'],
      headers: ['X-Pprofd-Attach-Ms', ...estimates, 'X-Pprofd-Pause-Ms'],
    }),
  ]
}

interface CaptureParts {
  readonly parameters: DeclaredParameters
  readonly contentTypes: readonly string[]
  readonly headers: readonly HeaderName[]
  /** Whether a client may save it under the name that it brings. */
  readonly isFile?: boolean
}

function capture(
  path: string,
  summary: string,
  { parameters, contentTypes, headers, isFile = true }: CaptureParts,
): Operation {
  const file: readonly HeaderName[] = isFile ? ['Content-Disposition'] : []
  return {
    method: 'get',
    path,
    tag: 'profiles',
    summary,
    parameters,
    answers: {
      200: {
        description: 'What was recorded.',
        contentTypes: [...new Set(contentTypes)],
        headers: [...file, 'X-Pprofd-Capture', 'X-Pprofd-Pid', ...headers],
      },
    },
    refusals: ofCaptures,
  }
}
