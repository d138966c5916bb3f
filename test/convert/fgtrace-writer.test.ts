import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { FgtraceWriter, type FgtraceWriterOptions } from '../../src/convert/fgtrace-writer.ts'
import { FunctionNames } from '../../src/convert/function-names.ts'
import { readTrace, slicesOf } from '../server/fgtrace-trace.ts'

function newWriter(write: FgtraceWriterOptions['write']): FgtraceWriter {
  const names = new FunctionNames('/app')
  const options = { hz: 100, samplingIntervalUs: 10_000, form: 'no', withOwn: false } as const
  return new FgtraceWriter({ ...options, names, write })
}

/** Of a thread that runs `a` and `b` in turns, 10 ms each. */
function windowFrom(startTime: number, sampleCount: number, depth = 1) {
  const callFrame = (functionName: string) => {
    return { functionName, url: '/app/app.js', lineNumber: 1, columnNumber: 1 }
  }
  const nodes: object[] = [
    { id: 1, callFrame: { ...callFrame('(root)'), url: '', lineNumber: -1, columnNumber: -1 } },
  ]
  for (const name of ['a', 'b']) {
    for (let at = 0; at < depth; at++) {
      const parent = at === 0 ? 1 : nodes.length
      nodes.push({ id: nodes.length + 1, parent, callFrame: callFrame(`${name}${at}`) })
    }
  }
  const samples = Array.from({ length: sampleCount }, (_, at) => 1 + (1 + (at % 2)) * depth)
  const timeDeltas = samples.map(() => 10_000)
  const endTime = startTime + (sampleCount + 1) * 10_000
  const profile = { nodes, samples, timeDeltas, startTime, endTime }
  const startedBetweenUs = [startTime, startTime + 5] as const
  return { profileJson: Buffer.from(JSON.stringify(profile)), startedBetweenUs }
}

const timer = { thread: 'main', kind: 'timer', state: 'waiting', count: 1, stack: [], asyncId: 1 }

t.test('threads and what they wait for are one trace that begins at 0', async (t) => {
  let text = ''
  const writer = newWriter(async (part) => {
    text += part
  })
  await writer.begin(1_025_000, { asked: 1 })
  await writer.look('main', 1_026_000, [timer])
  await writer.suspended(1_000_000, [{ ...timer, kind: 'async-function' }])
  await writer.window('main', windowFrom(1_000_000, 10))
  await writer.window('worker#1', windowFrom(1_000_000, 10))
  await writer.window('main', windowFrom(1_109_000, 10))
  await writer.threadEnded('worker#1', 1_150_000)
  await writer.threadEnded('nobody#2', 1_150_000)
  t.strictSame(writer.threads, [
    { thread: 'main', samples: 20, durationUs: 219_000 },
    { thread: 'worker#1', samples: 10, durationUs: 110_000 },
  ])
  t.equal(writer.leftOut, 0)
  await writer.end(1_230_000, { achieved: 2 })
  const trace = readTrace(t, text)
  t.match(trace.said, { asked: 1, achieved: 2 })
  t.strictSame([...trace.names.values()].sort(), [
    'G1 main',
    'G2 timer',
    'G3 async-function',
    'G4 worker#1',
  ])
  const main = slicesOf(trace, 'main')
  t.equal(Math.min(...main.map(({ startUs }) => startUs)), 0, 'what lasted into it begins it')
  t.equal(main.filter(({ durationUs }) => durationUs === 0).length, 0)
  t.match(slicesOf(trace, 'timer'), [{ startUs: 1000, durationUs: 204_000 }])
  t.match(slicesOf(trace, 'async-function'), [{ startUs: 0, durationUs: 205_000 }])
  const worker = slicesOf(trace, 'worker#1')
  t.equal(Math.max(...worker.map(({ startUs, durationUs }) => startUs + durationUs)), 125_000)
})

t.test('a clock that is not ours is set by when the recording was begun', async (t) => {
  let text = ''
  const writer = newWriter(async (part) => {
    text += part
  })
  await writer.begin(5_000_000, {})
  const window = windowFrom(77_000_000, 10)
  await writer.window('main', { ...window, startedBetweenUs: [4_999_000, 5_000_000] })
  await writer.end(5_110_000, {})
  const [first] = slicesOf(readTrace(t, text), 'main')
  t.match(first, { startUs: 10_000, durationUs: 10_000 })
})

t.test('a reader that is slow is waited for, and one that is gone is told of', async (t) => {
  let waiting: (() => void)[] = []
  const sizes: number[] = []
  const writer = newWriter((part) => {
    sizes.push(part.length)
    return new Promise((resolve) => waiting.push(resolve))
  })
  const goOn = async () => {
    const resolve = waiting
    waiting = []
    for (const each of resolve) each()
    await turn()
    await turn()
  }
  const work = [
    writer.begin(0, {}),
    writer.window('main', windowFrom(0, 2000, 100)),
    writer.end(9e9, {}),
  ]
  await turn()
  t.equal(sizes.length, 1, 'nothing is written meanwhile')
  for (let count = 0; count < 2000 && waiting.length > 0; count++) await goOn()
  await Promise.all(work)
  t.ok(sizes.length > 100, 'a long window is written in parts')
  t.ok(Math.max(...sizes) < 100_000, `of at most ${Math.max(...sizes)} characters`)

  const left = newWriter(() => Promise.reject(new Error('gone')))
  await t.rejects(left.begin(0, {}), { message: 'gone' })
  await t.rejects(left.window('main', windowFrom(0, 10)), { message: 'gone' })
})
