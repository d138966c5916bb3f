/** GET /targets/<target>/memory: what a process has, may have, and holds in V8's heap, as JSON. */
import {
  captureMemory,
  type MemoryReport,
  outsideMemory,
  type V8Memory,
} from '../../captures/memory.ts'
import type { Target } from '../../targets/target.ts'
import type { Handler, ServerContext } from '../context.ts'
import { type DeclaredParameters, readDeclared } from '../declared-parameters.ts'
import { jsonText } from '../json-text.ts'
import { requestTarget } from '../request-target.ts'
import { runCapture } from '../run-capture.ts'

/** Attaching and asking take some 200 ms. */
const typicalMs = 1000

export const memoryParameters = {
  v8: {
    kind: 'flag',
    fallback: true,
    description: '0 leaves out what only the target itself knows: nothing is attached to then.',
  },
} as const satisfies DeclaredParameters

export function memoryHandler(context: ServerContext): Handler {
  const { targets } = context
  return async (request, reply) => {
    const { v8: asksV8 } = readDeclared(request.query, memoryParameters)
    const target = await requestTarget(targets, request)
    const report = asksV8
      ? await runCapture(context, request, reply, target, {
          name: 'memory',
          durationMs: typicalMs,
          wanted: {},
          work: (signal) => captureMemory(targets, target, { signal }),
          cost: ({ v8 }) => ({ attachMs: v8?.attachMs, openedInspector: v8?.openedInspector }),
        })
      : await outsideMemory(targets, target)
    const text = jsonText(describe(target, report))
    return reply.type('application/json; charset=utf-8').send(text)
  }
}

function describe({ id, pid }: Target, report: MemoryReport): object {
  const { resident, cgroup, host, heapSnapshot, v8, v8Missing } = report
  return {
    target: id,
    pid,
    resident: resident ?? null,
    cgroup: cgroup === undefined ? null : { ...cgroup, ...nullsFor(cgroup) },
    host: host ?? null,
    v8: v8 === undefined ? null : describeV8(v8),
    v8Missing: v8Missing ?? null,
    heapSnapshotEstimate: heapSnapshot ?? null,
  }
}

/** JSON drops what is undefined; a group without a limit shall say so. */
function nullsFor(cgroup: NonNullable<MemoryReport['cgroup']>): object {
  const { limitBytes = null, headroomBytes = null } = cgroup
  return { limitBytes, headroomBytes }
}

const spacePrefix = 'v8.getHeapSpaceStatistics() '

/** Node's own names within each group. */
function describeV8({
  statistics,
  nodeVersion,
  attachMs,
  openedInspector,
  answerMs,
}: V8Memory): object {
  const spaces = Object.entries(statistics).filter(([group]) => group.startsWith(spacePrefix))
  return {
    nodeVersion,
    attachMs,
    openedInspector,
    answerMs,
    memoryUsage: statistics['process.memoryUsage()'] ?? null,
    heapStatistics: statistics['v8.getHeapStatistics()'] ?? null,
    heapSpaces: Object.fromEntries(
      spaces.map(([group, figures]) => [group.slice(spacePrefix.length), figures]),
    ),
  }
}
