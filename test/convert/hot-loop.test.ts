import t from 'tap'
import { encodeCpuProfile } from '../../src/convert/cpu-formats.ts'
import type { CheckedFrame, CpuRecording, RunningCheck } from '../../src/convert/cpu-recording.ts'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import { type NodeSketch, profileOf, recordingOf } from './recordings.ts'

const url = 'file:///srv/shop/a.js'
const settings = { askedDurationMs: 1000, askedHz: 100, samplingIntervalUs: 10_000 }

/** A function of line `line + 1`; in stacks it starts at its first word, in profiles at its parameters. */
const frame = (functionName: string, line: number): CheckedFrame => {
  return { functionName, url, lineNumber: line, columnNumber: 0, line: line + 3 }
}
const sketch = (name: string, line: number, hits: number, ...calls: NodeSketch[]): NodeSketch => {
  return { name, url, line, hits, calls }
}

/** `ms` after the start of the profile; the answer took 2 ms. */
function check(ms: number, ...frames: CheckedFrame[]): RunningCheck {
  const askedUs = 1_000_000 + ms * 1000
  return { askedUs, answeredUs: askedUs + 2000, frames, costMs: 0.25 }
}

const stuck = [frame('loop', 40), frame('start', 9)]
/** `start` has all 60 samples, after 20 idle ones. */
const misled = profileOf({ name: '(idle)', hits: 20 }, sketch('start', 9, 60))

function recorded(profileJson: Uint8Array, checks: readonly RunningCheck[]): CpuRecording {
  const threads = [{ pid: 4711, thread: 'main', profileJson, checks }]
  return { ...recordingOf({}, settings), threads }
}

/** Stacks, leaf first, with their samples; and the comments. */
async function shown(recording: CpuRecording) {
  const { bytes } = await encodeCpuProfile(recording, 'pprof')
  t.same(checkValid(bytes, { nowMs: recording.startedAtMs }), [])
  const { samples, comments } = decodeProfile(bytes)
  const stacks = samples.map(({ stack, values, labels }) => {
    const names = stack.map((location) => {
      const line = location?.lines[0]
      return `${line?.function?.name}:${line?.line}`
    })
    const label = labels.find(({ key }) => key === 'repaired')?.str ?? ''
    return `${names.join(' ')} = ${values[0]}${label && ` ${label}`}`
  })
  return { stacks, notes: comments.join('\n') }
}

t.test('two answers that agree give the samples to the function that runs', async (t) => {
  const { stacks, notes } = await shown(
    recorded(misled, [check(400, ...stuck), check(700, ...stuck)]),
  )
  t.same(stacks, ['a.loop:43 a.start:10 = 60 hot-loop'])
  t.match(notes, /hot loop: V8 gave 60 samples in a row of loop to its caller start; 2 evaluated/)
  t.match(
    notes,
    'checks: 2 times a thread that did not rest was asked what it runs, which took it 0.5 ms',
  )
})

t.test('one answer warns', async (t) => {
  const { stacks, notes } = await shown(recorded(misled, [check(400, ...stuck)]))
  t.same(stacks, ['a.start:10 = 60'])
  t.match(notes, /^warning: a stack that was evaluated meanwhile shows loop, of which there is no/m)
})

t.test('only the unbroken stretch around the answers is repaired', async (t) => {
  const profile = profileOf(
    sketch('start', 9, 30),
    { name: '(garbage collector)', hits: 2 },
    sketch('start', 9, 30),
    { name: '(idle)', hits: 10 },
    sketch('start', 9, 30),
  )
  // In profileOf every sketch is a node of its own, so the two halves are two nodes, too.
  const { stacks } = await shown(recorded(profile, [check(50, ...stuck), check(250, ...stuck)]))
  t.same(stacks, [
    'a.start:10 = 60',
    '(garbage collector):0 = 2',
    'a.loop:43 a.start:10 = 30 hot-loop',
  ])
})

t.test('what is missing may be several calls deep', async (t) => {
  const deep = [frame('inner', 60), ...stuck]
  const { stacks } = await shown(recorded(misled, [check(400, ...deep), check(700, ...deep)]))
  t.same(stacks, ['a.inner:63 a.loop:41 a.start:10 = 60 hot-loop'])
})

const sound: readonly (readonly [title: string, Uint8Array, readonly RunningCheck[]])[] = [
  [
    'the answer is what was sampled',
    misled,
    [check(400, frame('start', 9)), check(700, frame('start', 9))],
  ],
  [
    'V8 knows the callee there',
    profileOf(sketch('start', 9, 60, sketch('loop', 40, 1))),
    [check(200, ...stuck), check(400, ...stuck)],
  ],
  ['the stack is another one', misled, [check(400, frame('loop', 40), frame('other', 7))]],
  ['it was idle then', misled, [check(50, ...stuck), check(100, ...stuck)]],
  [
    'the answer came after the stretch',
    misled,
    [{ ...check(700, ...stuck), answeredUs: 9_000_000 }],
  ],
  ['the clock is another one', misled, [check(-500, ...stuck), check(99_000, ...stuck)]],
  ['nothing was on the stack', misled, [check(400)]],
]
for (const [title, profile, checks] of sound) {
  t.test(`nothing is changed where ${title}`, async (t) => {
    const { stacks, notes } = await shown(recorded(profile, checks))
    t.notMatch(stacks.join('\n'), 'hot-loop')
    t.notMatch(notes, /hot loop|evaluated meanwhile/)
  })
}

t.test('answers that differ only warn', async (t) => {
  const checks = [check(300, ...stuck), check(500, ...stuck), check(700, frame('start', 9))]
  const { stacks, notes } = await shown(recorded(misled, checks))
  t.same(stacks, ['a.start:10 = 60'])
  t.match(notes, /^warning: .* shows loop/m)
})

t.test('a sample of our own evaluation does not end the stretch', async (t) => {
  const evaluated = { name: 'runningFunctions', line: 5, hits: 1 }
  const profile = profileOf(sketch('start', 9, 30, sketch('loop', 40, 0, evaluated)))
  const { stacks } = await shown(recorded(profile, [check(100, ...stuck), check(250, ...stuck)]))
  t.ok(stacks.includes('a.loop:43 a.start:10 = 30 hot-loop'), stacks.join('\n'))
})
