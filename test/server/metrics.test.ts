import t from 'tap'
import { startApp } from './start-app.ts'

t.test('metrics are Prometheus text that counts captures and what is left open', async (t) => {
  const { app } = startApp(t)
  const { statusCode, headers, body } = await app.inject('/metrics')
  t.equal(statusCode, 200)
  t.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  t.match(body, /^pprofd_inspector_left_open 0$/m)
  t.match(body, /^pprofd_captures_running 0$/m)
  t.match(body, /^pprofd_answers_waiting_bytes 0$/m)

  const capture = app.inject('/targets/self/debug/pprof/profile?seconds=1')
  await new Promise((resolve) => setTimeout(resolve, 300))
  t.match((await app.inject('/metrics')).body, /^pprofd_captures_running 1$/m)
  t.equal((await capture).statusCode, 200)
})
