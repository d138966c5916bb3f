// Whatever a target sends as a recording: the answer is well-formed, or one clear error.
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { encodeBlock, encodeMutex } from '../../src/convert/contention-formats.ts'
import { type CpuFormat, cpuFormats, encodeCpuProfile } from '../../src/convert/cpu-formats.ts'
import { encodeHeapProfile } from '../../src/convert/heap-formats.ts'
import { retainedPaths } from '../../src/convert/heap-graph/retained-paths.ts'
import { retainedPprof } from '../../src/convert/heap-graph/retained-pprof.ts'
import { ChromeTrace } from '../../src/convert/trace/chrome-trace.ts'
import { encodeWallProfile } from '../../src/convert/wall-formats.ts'
import { CaptureError } from '../../src/errors.ts'
import { readReply } from '../../src/inspector/reply.ts'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { kinds } from '../../src/snapshot/entry.ts'
import { encodeGoroutines, type GoroutineFormat } from '../../src/snapshot/goroutine-formats.ts'
import { parseGoroutines } from '../../src/snapshot/parse-goroutines.ts'
import { answerFromMap } from '../../src/sourcemaps/map-answers.ts'
import { MapProblem } from '../../src/sourcemaps/map-problem.ts'
import { makeSnapshot, parse } from '../convert/heap-graph/snapshots.ts'
import { recordingOf as heapRecordingOf, profileOf, thread } from '../convert/heap-recordings.ts'
import { fixture, recordingOf } from '../convert/recordings.ts'
import { traceStart } from '../convert/trace/trace-start.ts'
import { looksOf } from '../convert/watched.ts'
import { recordingOf as goroutinesOf } from '../snapshot/recordings.ts'
import { damage, damaged, jsonText, runs, seed, text, value } from './hostile-values.ts'

t.setTimeout(3_600_000)
t.comment(`PPROFD_FUZZ_SEED=${seed}`)

/** How often something came out, and how often an error did: a test of errors alone shows nothing. */
class Outcomes {
  good = 0
  refused = 0

  /** What `work` gives, or undefined where it was refused in one clear sentence. */
  async of<T>(work: () => Promise<T> | T): Promise<T | undefined> {
    try {
      const result = await work()
      this.good++
      return result
    } catch (error) {
      if (!(error instanceof CaptureError) && !(error instanceof MapProblem)) throw error
      assertLine(error.message)
      this.refused++
      return undefined
    }
  }

  assertBoth(t: Test): void {
    t.ok(this.good > 10 && this.refused > 10, `${this.good} were good, ${this.refused} refused`)
  }
}

function assertLine(message: string): void {
  if (/^\P{Cc}{1,2000}$/u.test(message)) return
  throw new Error(`not one line of text: ${JSON.stringify(message)}`)
}

function assertText(bytes: Uint8Array | string, what: string): void {
  const shown =
    typeof bytes === 'string' ? bytes : new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  const control = /(?![\n\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/u.exec(shown)
  if (control !== null)
    throw new Error(
      `${what} has a control character at ${control.index}: ${JSON.stringify(shown.slice(control.index - 40, control.index + 40))}`,
    )
}

function assertPprof(bytes: Uint8Array): void {
  const faults = checkValid(bytes, { checkLimits: false })
  if (faults.length > 0) throw new Error(faults.join('; '))
}

const cpuOriginals = [
  JSON.parse(fixture('node20').toString()),
  JSON.parse(fixture('idle').toString()),
]

/** Node ids that repeat, go in circles or are missing; times that go back. */
const id = fc.oneof(fc.integer({ min: -1, max: 12 }), value())
const callFrame = fc.record(
  {
    functionName: text(),
    scriptId: value(),
    url: text(),
    lineNumber: value(),
    columnNumber: value(),
  },
  { requiredKeys: ['functionName'] },
)
const node = fc.record(
  {
    id,
    callFrame,
    hitCount: value(),
    children: fc.array(id, { maxLength: 5 }),
    parent: id,
    positionTicks: fc.array(fc.record({ line: value(), ticks: value() }), { maxLength: 3 }),
    deoptReason: text(),
  },
  { requiredKeys: ['id', 'callFrame'] },
)
const wildCpu = fc.record(
  {
    nodes: fc.array(node, { maxLength: 12 }),
    startTime: fc.oneof(fc.constant(0), value()),
    endTime: fc.oneof(fc.constant(10_000), value()),
    samples: fc.array(id, { maxLength: 12 }),
    timeDeltas: fc.array(fc.oneof(fc.integer({ min: -2000, max: 2000 }), value()), {
      maxLength: 12,
    }),
  },
  { requiredKeys: [] },
)
/** As above, but of numbers that could be. */
const likelyCpu = fc
  .array(fc.tuple(text(), fc.nat(9), text()), { minLength: 1, maxLength: 10 })
  .chain((rows) =>
    fc.record({
      nodes: fc.constant([
        {
          id: 1,
          callFrame: {
            functionName: '(root)',
            scriptId: '0',
            url: '',
            lineNumber: -1,
            columnNumber: -1,
          },
          hitCount: 0,
          children: rows.flatMap(([, parent], i) => (parent % (i + 1) === 0 ? [i + 2] : [])),
        },
        ...rows.map(([functionName, , url], i) => ({
          id: i + 2,
          callFrame: { functionName, scriptId: '7', url, lineNumber: i - 1, columnNumber: 3 },
          hitCount: 1,
          children: rows.flatMap(([, parent], child) =>
            child > i && parent % (child + 1) === i + 1 ? [child + 2] : [],
          ),
        })),
      ]),
      startTime: fc.constant(0),
      endTime: fc.nat(100_000),
      samples: fc.array(fc.integer({ min: 1, max: rows.length + 1 }), { maxLength: 20 }),
    }),
  )
  .map((profile) => ({
    ...profile,
    timeDeltas: profile.samples.map((sample, i) => ((i * 997 * sample) % 3000) - 200),
  }))

const cpuJson = fc.oneof(
  fc
    .tuple(fc.constantFrom(...cpuOriginals), fc.array(damage(), { minLength: 1, maxLength: 3 }))
    .map(([original, damages]) => damaged(original, damages)),
  fc
    .tuple(likelyCpu, fc.array(damage(), { maxLength: 1 }))
    .map(([profile, damages]) => damaged(profile, damages)),
  wildCpu.map(jsonText),
)

t.test('CPU profiles', async (t) => {
  const outcomes = new Outcomes()
  const formats = Object.keys(cpuFormats) as CpuFormat[]
  await fc.assert(
    fc.asyncProperty(cpuJson, text(), async (json, name) => {
      const recording = recordingOf({ main: Buffer.from(json), [name]: fixture('idle') })
      const alone = recordingOf({ main: Buffer.from(json) })
      const watched = { ...recording, ...looksOf('ee') }
      for (const format of formats) {
        const shown = format === 'cpuprofile' ? alone : recording
        const encoded = await outcomes.of(() => encodeCpuProfile(shown, format))
        if (encoded === undefined) continue
        if (format === 'pprof') assertPprof(encoded.bytes)
        else if (format !== 'cpuprofile') assertText(encoded.bytes, format)
        if (format === 'speedscope') JSON.parse(Buffer.from(encoded.bytes).toString())
        if (
          format === 'collapsed' &&
          !/^(?:\P{Cc}+ \d+\n)*$/u.test(Buffer.from(encoded.bytes).toString())
        )
          throw new Error('not collapsed')
      }
      for (const form of ['pprof', 'text'] as const) {
        const answers = [
          await outcomes.of(() => encodeMutex(watched, 20, { form })),
          await outcomes.of(() => encodeBlock(watched, { form })),
        ]
        for (const answer of answers) {
          if (answer === undefined) continue
          if (form === 'pprof') assertPprof(answer.bytes)
          else assertText(answer.bytes, 'contention')
        }
      }
      const wall = await outcomes.of(() => encodeWallProfile(watched, 'pprof'))
      if (wall !== undefined) assertPprof(wall.bytes)
    }),
    runs(150),
  )
  outcomes.assertBoth(t)
})

t.test('heap profiles', async (t) => {
  const outcomes = new Outcomes()
  const original = JSON.parse(
    Buffer.from(
      profileOf({
        name: '(root)',
        size: 0,
        children: [{ name: 'a', size: 40, children: [{ name: 'b', size: 1 }] }],
      }),
    ).toString(),
  )
  const tree = fc.letrec((tie) => ({
    node: fc.record({
      callFrame,
      selfSize: fc.oneof(fc.nat(), value()),
      id,
      children: fc.oneof(
        { depthSize: 'small' },
        fc.constant([]),
        fc.array(tie('node'), { maxLength: 3 }),
      ),
    }),
  })).node
  const profile = fc.oneof(
    fc.array(damage(), { minLength: 1, maxLength: 3 }).map((damages) => damaged(original, damages)),
    fc
      .record({
        head: tree,
        samples: fc.array(fc.record({ nodeId: id, size: value(), ordinal: value() }), {
          maxLength: 4,
        }),
      })
      .map(jsonText),
  )
  await fc.assert(
    fc.asyncProperty(profile, fc.option(profile), text(), async (json, baseline, name) => {
      const one = { ...thread(Buffer.from(json)), thread: name }
      const before = baseline === null ? undefined : { profileJson: Buffer.from(baseline) }
      const recording = heapRecordingOf([{ ...one, baseline: before }], {
        isDelta: before !== undefined,
      })
      for (const form of ['pprof', 'text'] as const) {
        for (const which of ['heap', 'allocs'] as const) {
          const encoded = await outcomes.of(() => encodeHeapProfile(recording, which, form))
          if (encoded === undefined) continue
          if (form === 'pprof') assertPprof(encoded.bytes)
          else assertText(encoded.bytes, 'heap')
        }
      }
    }),
    runs(200),
  )
  outcomes.assertBoth(t)
})

t.test('heap snapshots', async (t) => {
  const outcomes = new Outcomes()
  const nodes = [
    { type: 'synthetic', edges: [['shortcut', '1', 1]] },
    {
      name: 'global',
      size: 10,
      edges: [
        ['property', 'cache', 2],
        ['element', 3, 3],
        ['weak', 'w', 1],
      ],
    },
    { name: 'Map', size: 30, edges: [['internal', 'table', 3]] },
    { type: 'string', name: 'a secret', size: 24 },
  ] as const
  const original = makeSnapshot(nodes)
  const header = { executable: '/usr/bin/node', takenAtMs: 1_800_000_000_000, comments: [] }
  const snapshot = fc
    .tuple(fc.array(damage(), { minLength: 1, maxLength: 2 }), fc.integer({ min: 50, max: 5000 }))
    .map(([damages, chunkBytes]) => ({ json: damaged(original, damages), chunkBytes }))
  await fc.assert(
    fc.asyncProperty(snapshot, async ({ json, chunkBytes }) => {
      const graph = await outcomes.of(() => parse(Buffer.from(json), chunkBytes))
      if (graph === undefined) return
      const paths = retainedPaths(graph, { workingDirectory: '/srv' })
      assertPprof(retainedPprof(paths, header).bytes)
    }),
    runs(400),
  )
  outcomes.assertBoth(t)
})

t.test('trace events', async (t) => {
  const outcomes = new Outcomes()
  const event = fc.record(
    {
      pid: value(),
      tid: fc.oneof(fc.constant(4711), value()),
      ph: fc.oneof(
        fc.constantFrom('X', 'b', 'e', 'n', 'I', 'C', 'M', 'N', 'D', 's', 't', 'f'),
        text(),
      ),
      ts: fc.oneof(fc.nat(), value()),
      dur: fc.oneof(fc.nat(), value()),
      name: text(),
      cat: text(),
      id: value(),
      args: value(),
      tts: value(),
      scope: value(),
    },
    { requiredKeys: [] },
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(event, value()), { maxLength: 12 }),
      cpuJson,
      text(),
      async (events, json, name) => {
        const trace = new ChromeTrace({ ...traceStart, target: { ...traceStart.target, name } })
        const parts = [trace.head()]
        const wild: unknown[] = JSON.parse(jsonText(events))
        const thread = { thread: name, tid: 4711, profileJson: Buffer.from(json) }
        const done = await outcomes.of(async () => {
          parts.push(await trace.window({ threads: [thread], events: wild } as never))
          return true
        })
        if (!done) parts.push(await trace.window({ threads: [], events: wild } as never))
        parts.push(
          trace.end({
            windowCount: 1,
            longestPauseMs: 3,
            droppedCount: 5,
            tracingEnded: name,
            missing: [name],
          }),
        )
        const shown = Buffer.concat(parts)
        assertText(shown, 'trace')
        JSON.parse(shown.toString())
      },
    ),
    runs(150),
  )
  outcomes.assertBoth(t)
})

t.test('goroutine snapshots', async () => {
  const frame = fc.record({
    function: text(),
    url: text(),
    line: fc.nat(),
    column: fc.nat(),
    isAsync: fc.boolean(),
  })
  const entry = fc.record({
    thread: text(),
    kind: fc.constantFrom(...kinds),
    state: text(),
    stack: fc.array(frame, { maxLength: 4 }),
    elided: fc.boolean(),
    count: fc.integer({ min: 1, max: 9 }),
    waitsFor: fc.option(text(), { nil: undefined }),
    createdBy: fc.option(frame, { nil: undefined }),
    wait: fc.option(fc.record({ minMs: fc.nat(), maxMs: fc.nat() }), { nil: undefined }),
  })
  const recording = fc
    .record({
      entries: fc.array(entry, { maxLength: 6 }),
      name: text(),
      notes: fc.array(text(), { maxLength: 2 }),
      what: text(),
    })
    .map(({ entries, name, notes, what }) => {
      const plain = goroutinesOf(entries, { notes, cuts: [{ what, shown: 1, total: 2 }] })
      return { ...plain, target: { ...plain.target, name, workingDirectory: name } }
    })
  const formats: readonly GoroutineFormat[] = [
    'pprof',
    'counts',
    'text',
    'json',
    'markdown',
    'html',
  ]
  await fc.assert(
    fc.asyncProperty(
      recording,
      fc.option(recording, { nil: undefined }),
      async (recording, before) => {
        for (const format of formats) {
          const twice = format === 'counts' || format === 'text' ? undefined : before
          const { bytes } = await encodeGoroutines({ recording, before: twice }, format)
          if (typeof bytes !== 'string') assertPprof(bytes)
          else if (format === 'json') JSON.parse(bytes)
          else assertText(bytes, format)
          if (format === 'html' && /<img|<script>alert|href="javascript:/i.test(String(bytes)))
            throw new Error('script')
          if (format === 'text') assertSameCount(String(bytes), recording.entries.length)
        }
      },
    ),
    runs(150),
  )
})

function assertSameCount(text: string, count: number): void {
  const { recordings, errors } = parseGoroutines(text)
  const found = recordings.flatMap(({ entries }) => entries).length
  if (errors.length > 0 || found !== count)
    throw new Error(`${found} of ${count} were read: ${errors.join()}`)
}

t.test('dumps of goroutines', () => {
  const line = fc.oneof(
    text(),
    fc.constantFrom(
      'goroutine 1 [running]:',
      'goroutine 99999999999999999999 [x, 1 minutes]:',
      'main.main()',
      '\t/a/b.go:7 +0x1',
      'created by main.x in goroutine 1',
      '...additional frames elided...',
      '# labels: {"a":',
      '',
    ),
    fc
      .tuple(fc.constantFrom('goroutine ', '\t', 'created by ', '# pprofd ', 'labels: '), text())
      .map(([start, rest]) => start + rest),
  )
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
      for (const error of parseGoroutines(lines.join('\n')).errors) assertLine(error)
    }),
    runs(500),
  )
  return Promise.resolve()
})

t.test('source maps', async (t) => {
  const outcomes = new Outcomes()
  const original = {
    version: 3,
    file: 'a.js',
    sourceRoot: '',
    sources: ['a.ts', '../b.ts'],
    sourcesContent: ['x'],
    names: ['f', 'g'],
    mappings: 'AAAAA,SAASC;CDAD;;AACA,kBACA',
  }
  const map = fc.oneof(
    fc.array(damage(), { minLength: 1, maxLength: 3 }).map((damages) => damaged(original, damages)),
    fc.array(damage(), { maxLength: 3 }).map((damages) =>
      damaged(
        {
          version: 3,
          sections: [
            { offset: { line: 0, column: 0 }, map: original },
            { offset: { line: 2, column: 1 }, map: original },
          ],
        },
        damages,
      ),
    ),
    fc
      .string({ unit: fc.constantFrom('A', 'g', 'C', 'D', '/', ',', ';', '9', '='), maxLength: 40 })
      .map((mappings) => jsonText({ ...original, mappings })),
  )
  await fc.assert(
    fc.asyncProperty(map, async (json) => {
      await outcomes.of(() =>
        answerFromMap(Buffer.from(json), [0, 0, 1, 3], [0, 9, 2, 1], {
          mapPath: '/srv/a.js.map',
          deadlineMs: Date.now() + 60_000,
        }),
      )
    }),
    runs(600),
  )
  outcomes.assertBoth(t)
})

t.test('messages and profiles of any bytes', () => {
  const message = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    text().map((some) => Buffer.from(some)),
    fc
      .array(damage(), { maxLength: 3 })
      .map((damages) =>
        Buffer.from(
          damaged({ id: 1, method: 'a', params: {}, error: { message: 'x' }, result: {} }, damages),
        ),
      ),
  )
  fc.assert(
    fc.property(message, fc.boolean(), (bytes, raw) => {
      const reply = readReply(bytes, () => raw)
      if (reply.kind === 'error' && reply.message !== '') assertLine(reply.message)
      checkValid(bytes)
    }),
    runs(1000),
  )
  return Promise.resolve()
})
