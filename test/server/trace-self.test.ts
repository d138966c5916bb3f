// A file of its own: whoever profiles this process ends its coverage.
import t from 'tap'
import { checkTrace } from '../fixtures/support/check-trace.ts'
import { startApp } from './start-app.ts'

t.test('pprofd traces itself', async (t) => {
  const { app } = startApp(t)
  const busy = setInterval(function works() {
    const end = Date.now() + 25
    while (Date.now() < end) Array.from([1], String)
  }, 50)
  t.teardown(() => clearInterval(busy))
  const url = '/targets/self/debug/pprof/trace?seconds=0.6&sourcemaps=0'
  const answer = await app.inject(url)
  t.equal(answer.statusCode, 200)
  const { slices, metadata } = checkTrace(answer.body)
  t.ok(slices.some(({ name }) => name.endsWith('.works')))
  t.match(metadata('pprofd_recording'), [{ untraced: /^stacks only/ }])
})
