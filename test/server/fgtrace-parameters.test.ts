import t from 'tap'
import { readFgtraceParameters } from '../../src/server/fgtrace-parameters.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { startApp } from './start-app.ts'

t.test('the defaults are those of fgtrace', (t) => {
  const defaults = { seconds: 30, hz: 99, stateframes: 'root', self: false }
  t.strictSame(readFgtraceParameters({}, 60), defaults)
  t.strictSame(readFgtraceParameters({ seconds: '', hz: '' }, 60), defaults)
  t.equal(readFgtraceParameters({}, 10).seconds, 10)
  t.end()
})

t.test('what Go reads as a number is one', (t) => {
  for (const [text, seconds] of [
    ['0.25', 0.25],
    ['.5', 0.5],
    ['5.', 5],
    ['+2e1', 20],
    ['1E-2', 0.01],
  ] as const) {
    t.equal(readFgtraceParameters({ seconds: text }, 60).seconds, seconds, text)
  }
  t.equal(readFgtraceParameters({ hz: '+0250' }, 60).hz, 250)
  t.end()
})

t.test('bad values are told in the words of fgtrace, seconds first', async (t) => {
  const { app } = startApp(t, { limits: { maxSeconds: 60, capturesPerTarget: 4, captures: 64 } })
  const syntax = (name: string, text: string) =>
    `strconv.${name}: parsing ${JSON.stringify(text)}: invalid syntax`
  const cases = [
    ['seconds=x', `bad seconds: "x": ${syntax('ParseFloat', 'x')}`],
    ['seconds=x&hz=0', `bad seconds: "x": ${syntax('ParseFloat', 'x')}`],
    ['seconds=1s', `bad seconds: "1s": ${syntax('ParseFloat', '1s')}`],
    ['seconds=0', 'bad seconds: "0": invalid value'],
    ['seconds=-1.5', 'bad seconds: "-1.5": invalid value'],
    [
      'seconds=1e999',
      'bad seconds: "1e999": strconv.ParseFloat: parsing "1e999": value out of range',
    ],
    ['hz=x', `bad hz: "x": ${syntax('Atoi', 'x')}`],
    ['hz=1.5', `bad hz: "1.5": ${syntax('Atoi', '1.5')}`],
    ['hz=0', 'bad hz: "0": invalid value'],
    ['hz=-99', 'bad hz: "-99": invalid value'],
    [
      'hz=99999999999999999999',
      'bad hz: "99999999999999999999": strconv.Atoi: parsing "99999999999999999999": value out of range',
    ],
    // fgtrace goes on with these, or panics.
    ['seconds=NaN', 'bad seconds: "NaN": invalid value'],
    ['seconds=Inf', 'bad seconds: "Inf": invalid value'],
    ['seconds=60.1', 'bad seconds: "60.1": more than 60, which limits.maxSeconds allows'],
    ['hz=2000000000', 'bad hz: "2000000000": more than 1000'],
    // Not parameters of fgtrace's handler.
    ['stateframes=top', 'stateframes must be one of root, leaf, no, not "top"'],
    ['self=2', 'self must be one of 0, 1, not "2"'],
  ] as const
  for (const [query, sentence] of cases) {
    const answer = await app.inject(`/targets/self/debug/fgtrace?${query}`)
    t.equal(answer.statusCode, 400, query)
    t.equal(answer.body, `${sentence}\n`)
    t.equal(answer.headers['content-type'], 'text/plain; charset=utf-8')
  }
})

t.test('what the configuration does not allow is refused', async (t) => {
  const target = await spawnTarget(t, 'idle.cjs', { nodeArguments: ['--inspect-port=0'] })
  const { app } = startApp(t, { targets: { profiles: ['profile', 'goroutine'] } })
  const answer = await app.inject(`/targets/${target.pid}/debug/fgtrace?seconds=1`)
  t.equal(answer.statusCode, 403)
  t.match(answer.body, /^the configuration allows no fgtrace of \d+: /)
})
