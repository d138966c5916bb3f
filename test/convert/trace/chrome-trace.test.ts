import t from 'tap'
import { ChromeTrace } from '../../../src/convert/trace/chrome-trace.ts'
import { checkTrace } from '../../fixtures/support/check-trace.ts'
import { fixture } from '../recordings.ts'
import { traceStart as start } from './trace-start.ts'

const end = {
  windowCount: 2,
  longestPauseMs: 3,
  droppedCount: 5,
  tracingEnded: 'too many events',
  missing: ['pool#2'],
}

const collection = {
  pid: 1,
  tid: 4711,
  ph: 'X',
  ts: 100,
  dur: 20,
  name: 'MinorGC',
  cat: 'devtools.timeline,v8',
}

t.test('windows become one trace; what is cut off can be closed by hand', async (t) => {
  const trace = new ChromeTrace(start)
  const head = text(trace.head())
  const thread = { thread: 'main', tid: 4711, profileJson: fixture('node20') }
  const worker = { thread: 'pool#3', tid: undefined, profileJson: fixture('node24') }
  const first = text(
    await trace.window({ threads: [thread, worker], events: [collection], droppedCount: 0 }),
  )
  t.equal(Array.isArray(JSON.parse(`${head}${first}]`)), true)
  const second = text(await trace.window({ threads: [thread], events: [], droppedCount: 0 }))
  const checked = checkTrace(`${head}${first}${second}${text(trace.end(end))}`)
  t.match(checked.metadata('process_name'), [{ name: 'shop\ufffd' }])
  t.match(checked.metadata('pprofd_cost'), [
    { windows: 2, eventsDropped: 5, missing: ['pool#2'], tracingEnded: /^too many events/ },
  ])
  t.equal(checked.tidOf('main'), 4711)
  t.equal(checked.tidOf('pool#3'), 10_000_003, 'a tid that no thread has')
  t.ok(checked.slices.some(({ tid }) => tid === 10_000_003))
  t.match(
    checked.asyncSlices.find(({ cat }) => cat === 'v8'),
    { name: 'MinorGC', tid: 4711 },
  )
})

t.test('frames are what was written where that is known', async (t) => {
  const trace = new ChromeTrace(start, async (scripts) => ({
    positionFor: (_url, line, column) => ({ url: '/srv/shop/src/written.ts', line, column }),
    packageOf: () => undefined,
    notes: scripts.map(({ url }) => url),
  }))
  const thread = { thread: 'main', tid: 1, profileJson: fixture('node20') }
  const parts = [
    trace.head(),
    await trace.window({ threads: [thread], events: [], droppedCount: 0 }),
    trace.end(end),
  ]
  const { slices } = checkTrace(parts.map(text).join(''))
  t.ok(slices.some(({ args }) => String(args?.at).startsWith('/srv/shop/src/written.ts:')))
})

t.test('a profile that makes no sense is refused', async (t) => {
  const trace = new ChromeTrace(start)
  const thread = { thread: 'main', tid: 1, profileJson: Buffer.from('{}') }
  const window = { threads: [thread], events: [], droppedCount: 0 }
  await t.rejects(trace.window(window), { code: 'recording-invalid' })
})

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString()
}
