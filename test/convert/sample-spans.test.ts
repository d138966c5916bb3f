import t from 'tap'
import { parseCpuProfile } from '../../src/convert/cpu-profile.ts'
import { eachSample } from '../../src/convert/sample-spans.ts'

/** Spans as `node@start+duration`, of a profile that starts at 1000 us and ends at `endUs`. */
function spans(timeDeltas: readonly number[], endUs: number, hitCount?: number) {
  const callFrame = { functionName: 'f', url: '', lineNumber: 1, columnNumber: 1 }
  const nodes = [{ id: 1, callFrame, ...(hitCount !== undefined && { hitCount }) }]
  const samples = timeDeltas.map(() => 1)
  const profile = { nodes, samples, timeDeltas, startTime: 1000, endTime: endUs }
  const seen: string[] = []
  const totals = eachSample(
    parseCpuProfile(Buffer.from(JSON.stringify(profile))),
    5000,
    (node, durationUs, startUs) => seen.push(`${node}@${startUs}+${durationUs}`),
  )
  return { seen, ...totals }
}

t.test('a sample lasts until the next, the last until the end', async (t) => {
  t.same(spans([500, 5000, 5100], 13_000), {
    seen: ['0@1500+5000', '0@6500+5100', '0@11600+1400'],
    coveredUs: 11_500,
    gapUs: 0,
  })
  t.same(spans([], 9000), { seen: [], coveredUs: 0, gapUs: 0 })
})

t.test('time never runs backwards, however the deltas do', async (t) => {
  t.same(spans([500, 5000, -2000, 4000], 9000).seen, [
    '0@1500+5000',
    '0@6500+0',
    '0@6500+2000',
    '0@8500+500',
  ])
  t.same(spans([-5000, 100], 2000).seen, ['0@1000+0', '0@1000+1000'])
})

t.test('no sample lasts beyond the end of the profile', async (t) => {
  t.same(spans([500, 90_000], 3000).seen, ['0@1500+1500', '0@3000+0'])
})

t.test('a long silence is not blamed on the last function', async (t) => {
  const { seen, coveredUs, gapUs } = spans([500, 5000, 3_000_000], 3_006_500)
  t.same(seen, ['0@1500+5000', '0@6500+100000', '0@3006500+0'])
  t.same([coveredUs, gapUs], [105_000, 2_900_000])
})

t.test('a first sample that was no tick is left out', async (t) => {
  t.same(spans([500, 5000, 5000], 13_000, 2).seen, ['0@6500+5000', '0@11500+1500'])
})
