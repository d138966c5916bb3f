import t from 'tap'
import { recordFgtrace } from '../../src/captures/fgtrace.ts'
import type { FgtraceSink, FgtraceStart } from '../../src/captures/fgtrace-sink.ts'
import { FgtraceWriter } from '../../src/convert/fgtrace-writer.ts'
import { FunctionNames } from '../../src/convert/function-names.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import { profilerThreads } from '../fixtures/support/profiler-threads.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { goroutinesWith, readTrace, slicesOf } from '../server/fgtrace-trace.ts'
import { isAsBefore, newTargets, targetOf } from '../targets/new-targets.ts'

t.setTimeout(300_000)

const options = { hz: 99, withQuery: false, maxHeapBytes: 2 ** 31, durationMs: 60_000 }

const nothing = { text: '', windows: 0, looks: 0, censuses: 0 }

const suspended = ['async-function awaiting', /alternating\.waitsForever$/, 3] as const

interface Written {
  text: string
  windows: number
  /** Those that had time for everything. */
  looks: number
  /** Readings of the memory that came. */
  censuses: number
}

function writtenTo(written: Written, onChange: () => void) {
  return ({ target, samplingIntervalUs }: FgtraceStart): FgtraceSink => {
    const writer = new FgtraceWriter({
      hz: options.hz,
      samplingIntervalUs,
      form: 'root',
      withOwn: false,
      names: new FunctionNames(target.workingDirectory),
      write: async (text) => {
        written.text += text
        onChange()
      },
    })
    return {
      begin: (atUs) => writer.begin(atUs, {}),
      window: (thread, window) => {
        written.windows++
        return writer.window(thread, window)
      },
      look: (...found) => {
        const [, , , isPartial] = found
        if (!isPartial) written.looks++
        return writer.look(...found)
      },
      suspended: (atUs, pieces) => {
        written.censuses++
        onChange()
        return writer.suspended(atUs, pieces)
      },
      threadEnded: (thread, atUs) => writer.threadEnded(thread, atUs),
      end: (atUs) => writer.end(atUs, {}),
    }
  }
}

for (const major of nodeMajors) {
  const { path: node = '', reason } = await nodeBinary(major)
  // That the memory of every Node can be read is shown by the tests of the census.
  const wantedCensuses = process.version.startsWith(`v${major}.`) ? 1 : 0

  t.test(
    `everything of Node ${major} is one goroutine from look to look`,
    { skip: reason ?? false },
    async (t) => {
      const targets = newTargets(t)
      const spawned = await spawnTarget(t, 'alternating.cjs', {
        node,
        nodeArguments: ['--inspect-port=0'],
        programArguments: ['idle'],
      })
      const ports = await listeningPorts(spawned.pid)
      const end = new AbortController()
      const written: Written = { ...nothing }
      const sink = writtenTo(written, () => {
        const { windows, looks, censuses } = written
        if (windows >= 1 && looks >= 3 && censuses >= wantedCensuses) end.abort()
      })
      const wish = { ...options, sink, endEarly: end.signal }
      const recording = await recordFgtrace(targets, await targetOf(targets, spawned), wish)
      t.ok(recording.looks >= 3, `${recording.looks} looks`)
      t.ok(recording.censuses >= wantedCensuses)
      t.strictSame([recording.missing, recording.notes], [[], []])
      t.match(recording.target, { pid: spawned.pid })
      const trace = readTrace(t, written.text)
      const pending = [
        ['timer repeating', /alternating\.everyHour$/, 1],
        ['server listening', /alternating\.answersNever$/, 1],
        ['http-server-request handler-pending', /alternating\.answersNever$/, 1],
        ['http-client-request waiting-response', /alternating\.\(anonymous:\d+:\d+\)$/, 1],
        ...(recording.censuses > 0 ? [suspended] : []),
      ] as const
      for (const [state, leaf, count] of pending) {
        const found = trace.slices.filter(
          ({ path }) => path[0] === state && leaf.test(path.at(-1) ?? ''),
        )
        t.equal(found.length, count, `${state} ${leaf}: slices`)
        t.equal(new Set(found.map(({ pid }) => pid)).size, count, 'goroutines')
      }
      t.equal(goroutinesWith(trace, 'alternating.holder'), recording.censuses > 0 ? 3 : 0)
      t.ok(goroutinesWith(trace, 'alternating.poller') >= 1)
      t.ok(slicesOf(trace, 'main').some(({ path }) => path.join() === 'idle'))
      await isAsBefore(t, spawned, ports)
    },
  )
}

t.test('a target that ends takes the recording with it', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'alternating.cjs', { nodeArguments: ['--inspect-port=0'] })
  const target = await targetOf(targets, spawned)
  let isKilled = false
  const sink = writtenTo({ ...nothing }, () => {
    if (!isKilled) isKilled = spawned.child.kill('SIGKILL')
  })
  await t.rejects(recordFgtrace(targets, target, { ...options, sink }), { code: 'target-vanished' })
})

t.test('a sink that fails ends the recording, and nothing stays', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'workers.cjs', {
    nodeArguments: ['--inspect-port=0'],
    programArguments: ['a'],
  })
  const target = await targetOf(targets, spawned)
  for (const failsAt of ['begin', 'window'] as const) {
    const sink = (start: FgtraceStart): FgtraceSink => ({
      ...writtenTo({ ...nothing }, () => {})(start),
      [failsAt]: async () => {
        throw new Error(`no ${failsAt}`)
      },
    })
    const wish = { ...options, sink }
    await t.rejects(recordFgtrace(targets, target, wish), { message: `no ${failsAt}` })
    t.strictSame(await listeningPorts(spawned.pid), [], failsAt)
    t.equal(await profilerThreads(spawned.pid), 0)
  }
  await isAsBefore(t, spawned)
})
