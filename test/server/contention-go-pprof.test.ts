// The real `go tool pprof` on /debug/pprof/block and mutex, of the profile and of its text form, whose
// names it asks of /debug/pprof/symbol.
import t, { type Test } from 'tap'
import { goMissing, goPprof } from '../fixtures/support/go-pprof.ts'
import { spawnHoldsUp } from './holds-up.ts'
import { listenAnywhere, startApp } from './start-app.ts'

const skip = (await goMissing()) ?? false

t.setTimeout(300_000)

async function report(t: Test, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await goPprof(t, args)
  t.equal(code, 0, `${args.join(' ')}: ${stderr}`)
  return stdout
}

t.test('reads block and mutex in both forms and by both values', { skip }, async (t) => {
  const target = await spawnHoldsUp(t, 'atomics')
  const { app } = startApp(t, {
    sources: { sourceMaps: false },
    limits: { maxSeconds: 60, capturesPerTarget: 16, captures: 64 },
  })
  const base = `http://127.0.0.1:${await listenAnywhere(app)}/targets/${target.pid}/debug/pprof`
  const cases = [
    ['block', ''],
    ['block', '?debug=1'],
    ['mutex', '?seconds=2'],
    ['mutex', '?debug=1'],
  ] as const
  await Promise.all(
    cases.map(async ([name, query]) => {
      const url = `${base}/${name}${query}`
      const [delay, counts] = await Promise.all([
        report(t, '-top', url),
        report(t, '-top', '-contentions', url),
      ])
      t.match(delay, /^Type: delay$/m, url)
      // The function is the leaf, or called the one that is, with nearly all of the time.
      t.match(
        delay,
        /^ +\S+ +\S+ +\S+ +\S+ +\d\d(\.\d+)?% .*holds-up\.waitForGate$|100% .*waitForGate$/m,
      )
      t.match(delay, /Showing nodes accounting for [\d.]+(ms|s), /)
      t.match(counts, /^Type: contentions$/m)
      // A run is told of its leading stack, which on a starved machine may be one of V8's own.
      t.match(counts, /^ +\d.* ([5-9]\d(\.\d+)?|100)% .*holds-up\.waitForGate$/m)
    }),
  )
  const total = await report(t, '-top', '-total_delay', `${base}/block?seconds=1`)
  t.match(total, /^Type: delay$/m)
  const mean = await report(t, '-top', '-sample_index=delay', '-mean', `${base}/mutex?seconds=1`)
  t.match(mean, /waitForGate/)
})

t.test('reads an empty profile in both forms', { skip }, async (t) => {
  const target = await spawnHoldsUp(t, 'idle')
  const { app } = startApp(t)
  const base = `http://127.0.0.1:${await listenAnywhere(app)}/targets/${target.pid}/debug/pprof`
  await Promise.all(
    ['block', 'mutex?debug=1&threshold=2000'].map(async (path) => {
      t.match(await report(t, '-top', `${base}/${path}`), /^Showing nodes accounting for 0, /m)
    }),
  )
})
