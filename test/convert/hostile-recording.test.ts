import t from 'tap'
import { encodeCpuProfile } from '../../src/convert/cpu-formats.ts'
import { CaptureError } from '../../src/errors.ts'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import { fixture, recordingOf } from './recordings.ts'

/** The same sequence in every run: a linear congruential generator. */
function randomOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** What damage tends to be made of. */
const pieces = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '-',
  '9',
  '0',
  'e',
  '\u0000',
  '\n',
  'é',
  ';',
]

t.test('a damaged recording gives a valid profile or one clear error', async (t) => {
  const original = fixture('node20').toString()
  const random = randomOf(7)
  const seen = { valid: 0, refused: 0 }
  for (let round = 0; round < 600; round++) {
    let text = original
    for (let count = random(3); count >= 0; count--) {
      const at = random(text.length)
      text = text.slice(0, at) + pieces[random(pieces.length)] + text.slice(at + random(2))
    }
    const recording = recordingOf({ main: Buffer.from(text) })
    try {
      const { bytes } = await encodeCpuProfile(recording, 'pprof')
      await encodeCpuProfile(recording, 'markdown')
      t.same(checkValid(bytes), [], `round ${round}`)
      seen.valid++
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error
      t.match(error, { code: 'recording-invalid', message: /unusable CPU profile: .*\.$/ })
      seen.refused++
    }
  }
  t.ok(seen.valid > 50 && seen.refused > 50, JSON.stringify(seen))
})

t.test('absurd depth does not multiply into an absurd answer', async (t) => {
  const recording = recordingOf({ main: deepProfile(100_000) })
  const { bytes } = await encodeCpuProfile(recording, 'pprof')
  t.same(checkValid(bytes), [])
  t.equal(decodeProfile(bytes).samples.length, 1024)
})

/** One chain of nodes, every one of them hit. */
function deepProfile(count: number): Uint8Array {
  const callFrame = { functionName: 'f', url: '/a.js', lineNumber: 1, columnNumber: 1 }
  const nodes = Array.from({ length: count }, (_, index) => {
    return { id: index + 1, callFrame, hitCount: 1, children: index + 1 < count ? [index + 2] : [] }
  })
  const samples = nodes.map(({ id }) => id)
  const timeDeltas = samples.map(() => 1000)
  const profile = { nodes, samples, timeDeltas, startTime: 0, endTime: count * 1000 }
  return Buffer.from(JSON.stringify(profile))
}
