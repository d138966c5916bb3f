// The wall profile of real targets, read by the real `go tool pprof`.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import { goMissing, goPprof } from '../fixtures/support/go-pprof.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { startApp } from './start-app.ts'

const nodeArguments = ['--inspect-port=0']

t.setTimeout(120_000)

t.test('an idle target spends all its time idle, and pprof says so', async (t) => {
  const target = await spawnTarget(t, 'idle.cjs', { nodeArguments })
  const { app, log } = startApp(t)
  const answer = await app.inject(`/targets/${target.pid}/debug/pprof/wall?seconds=1`)
  t.equal(answer.statusCode, 200)
  t.match(answer.headers, {
    'content-type': 'application/octet-stream',
    'content-disposition': 'attachment; filename="wall"',
    'x-pprofd-pid': String(target.pid),
  })
  t.same(checkValid(answer.rawPayload), [])
  const profile = decodeProfile(answer.rawPayload)
  t.match(profile, {
    sampleTypes: [
      { type: 'samples', unit: 'count' },
      { type: 'time', unit: 'nanoseconds' },
    ],
    defaultSampleType: 'time',
    periodType: { type: 'time', unit: 'nanoseconds' },
  })
  const [samples = 0, ns = 0] = [0, 1].map((type) =>
    profile.samples.reduce((sum, { values }) => sum + (values[type] ?? 0), 0),
  )
  t.ok(ns > 0.7 * profile.durationNanos, `${ns} of ${profile.durationNanos} ns`)
  t.ok(ns <= profile.durationNanos)
  const achievedPeriod = profile.durationNanos / samples
  t.ok(Math.abs(profile.period / achievedPeriod - 1) < 0.01, `a sample each ${profile.period} ns`)
  t.match(profile.comments.join('\n'), /rate: 99 Hz asked, [\d.]+ Hz achieved/)
  t.match(profile.comments.join('\n'), /of the sampled time, kept/)
  t.match(log.at(-1), { msg: 'wall capture ended', outcome: 'ok', seconds: 1, hz: 99 })
  if (await goMissing()) return
  const file = join(t.testdir(), 'wall')
  writeFileSync(file, answer.rawPayload)
  const top = await goPprof(t, ['-top', file])
  t.match(top.stdout, /^Type: time$/m)
  t.match(top.stdout, /\s\(idle\)$/m)
})

t.test('the collapsed form keeps what waits and what runs', async (t) => {
  const target = await spawnTarget(t, 'busy.cjs', { nodeArguments })
  const { app } = startApp(t)
  const url = `/targets/${target.pid}/debug/pprof/wall?seconds=1&hz=200&format=collapsed`
  const answer = await app.inject(url)
  t.equal(answer.headers['content-type'], 'text/plain; charset=utf-8')
  t.match(answer.headers['content-disposition'], `wall-${target.pid}.collapsed`)
  t.match(answer.body, /burnSixty \d+\n/)
  t.match(answer.body, /^\(idle\) \d+$/m)
})

t.test('bad values are refused by name', async (t) => {
  const { app } = startApp(t)
  for (const [query, sentence] of [
    ['seconds=0', 'seconds must be'],
    ['hz=1001', 'hz must be'],
    ['format=cpuprofile', 'format must be one of pprof, collapsed'],
    ['tree=2', 'tree must be'],
  ] as const) {
    const answer = await app.inject(`/targets/self/debug/pprof/wall?${query}`)
    t.equal(answer.statusCode, 400, query)
    t.match(answer.body, sentence)
  }
})
