import t from 'tap'
import { defaultConfig } from '../config/default-config.ts'
import { type SpawnedTarget, spawnTarget } from '../fixtures/support/spawn-target.ts'
import { allowsItsStyle } from './allows-its-style.ts'
import { startApp } from './start-app.ts'

t.setTimeout(120_000)

const nodeArguments = ['--inspect-port=0']

function pathOf({ pid }: SpawnedTarget, query = ''): string {
  return `/targets/${pid}/debug/panicparse${query}`
}

const calm = { ...defaultConfig.goroutine, minIntervalMs: 0 }

t.test('the page shows the buckets, with a policy that lets its own script run', async (t) => {
  const target = await spawnTarget(t, 'zoo-awaits.cjs', { nodeArguments })
  const { app, log } = startApp(t, { goroutine: calm })
  const answer = await app.inject(pathOf(target))
  t.equal(answer.statusCode, 200, answer.body)
  t.equal(answer.headers['content-type'], 'text/html; charset=utf-8')
  t.ok(allowsItsStyle(answer))
  t.match(answer.headers['content-security-policy'], /script-src 'sha256-/)
  t.match(answer.body, /4 routines: .*async-function awaiting/)
  t.match(answer.body, 'waitsForShared')
  t.match(log, [{ msg: 'panicparse capture ended', outcome: 'ok' }])
  const difference = await app.inject(pathOf(target, '?seconds=1'))
  t.equal(difference.statusCode, 200)
  const byQuery = await app.inject(`/debug/panicparse?target=${target.pid}&similarity=anyvalue`)
  t.match(byQuery.body, `target=${target.pid}`, 'its links keep the target')
})

t.test('it answers like webstack to whoever asks wrongly', async (t) => {
  const { app } = startApp(t)
  const cases = [
    ['maxmem=x', 'invalid maxmem value'],
    ['augment=yes', 'invalid augment value'],
    ['similarity=x', 'invalid similarity value'],
    ['seconds=x', 'invalid value for "seconds" - must be a positive integer'],
  ] as const
  for (const [query, sentence] of cases) {
    const answer = await app.inject(`/targets/nobody/debug/panicparse?${query}`)
    t.equal(answer.statusCode, 400, query)
    t.equal(answer.body, `${sentence}\n`)
  }
  const posted = await app.inject({ method: 'POST', url: '/debug/panicparse' })
  t.equal(posted.statusCode, 405)
  t.match(posted.body, /invalid method/)
})

t.test('one page at a time and one an interval, for each target', async (t) => {
  const [one, other] = await Promise.all(
    [1, 2].map(() => spawnTarget(t, 'idle.cjs', { nodeArguments })),
  )
  const { app } = startApp(t, { goroutine: { ...calm, minIntervalMs: 60_000 } })
  const answers = await Promise.all([
    app.inject(pathOf(one as SpawnedTarget)),
    app.inject(pathOf(one as SpawnedTarget)),
    app.inject(pathOf(other as SpawnedTarget)),
  ])
  t.strictSame(answers.map(({ statusCode }) => statusCode).sort(), [200, 200, 429])
  const again = await app.inject(pathOf(one as SpawnedTarget))
  t.equal(again.statusCode, 429)
  t.match(again.headers['retry-after'], /^(60|[1-5]\d)$/)
  t.equal(again.body, 'retry later\n')
})
