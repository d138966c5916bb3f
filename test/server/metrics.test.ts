import t from 'tap'
import { configured, spawnObedient } from '../targets/new-targets.ts'
import { startApp } from './start-app.ts'
import { type MetricSample, parseMetrics } from './strict-metrics.ts'

t.test('metrics are Prometheus text that counts captures and what is left open', async (t) => {
  const { app } = startApp(t)
  const { statusCode, headers, body } = await app.inject('/metrics')
  t.equal(statusCode, 200)
  t.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  const before = parseMetrics(body)
  const zero = { inspector_left_open: 0, captures_running: 0, answers_waiting_bytes: 0 }
  for (const [name, value] of Object.entries(zero)) t.equal(one(before, `pprofd_${name}`), value)
  t.ok(Number(one(before, 'process_cpu_seconds_total')) > 0)
  t.equal(one(before, 'pprofd_target_info'), undefined, 'nobody opted anything in')

  const capture = app.inject('/targets/self/debug/pprof/profile?seconds=1')
  while (one(await metrics(), 'pprofd_captures_running') !== 1) await tick()
  t.equal((await capture).statusCode, 200)
  await app.inject('/targets/nobody/debug/pprof/profile')
  await app.inject({ url: '/targets', headers: { host: 'evil' } })
  await app.inject('/targets/self/debug/pprof/profile?seconds=x')
  const after = await metrics()
  t.equal(one(after, 'pprofd_captures_total', { kind: 'cpu', outcome: 'ok' }), 1)
  t.ok(Number(one(after, 'pprofd_captures_sent_bytes_total', { kind: 'cpu' })) > 100)
  t.equal(one(after, 'pprofd_capture_pause_seconds_count', { kind: 'cpu' }), 1)
  for (const reason of ['target-unknown', 'guard', 'parameter-invalid']) {
    t.equal(one(after, 'pprofd_refusals_total', { reason }), 1, reason)
  }

  async function metrics() {
    return parseMetrics((await app.inject('/metrics')).body)
  }
})

t.test('targets that are opted in are told of by the kernel alone', async (t) => {
  const spawned = await spawnObedient(t, {
    env: { OTEL_SERVICE_NAME: 'a "b"\\\n\u001b[31mc' },
    programArguments: [`metrics-${process.pid}`],
  })
  const pid = String(spawned.pid)
  const bystander = await spawnObedient(t)
  const match = `metrics-${process.pid}$`
  const entry = configured('named', { pid: bystander.pid })
  const { app } = startApp(t, { targets: { configured: [entry] } })
  const listed = parseMetrics((await app.inject('/metrics')).body)
  t.strictSame(
    listed.filter(({ name }) => name === 'pprofd_target_info').map(({ labels }) => labels.pid),
    [String(bystander.pid)],
    'without discover.match only what is listed',
  )

  const started = startApp(t, { targets: { configured: [entry], discoverMatch: match } })
  const samples = parseMetrics((await started.app.inject('/metrics')).body)
  const labels = { service_name: 'a "b"\\ [31mc', pid }
  t.match(
    samples.find((each) => each.name === 'pprofd_target_info' && each.labels.pid === pid),
    { labels: { ...labels, node_version: process.version }, value: 1 },
  )
  t.equal(one(samples, 'pprofd_target_threads', { service_name: 'named' }) !== undefined, true)
  t.ok(Number(one(samples, 'pprofd_target_cpu_seconds_total', labels)) > 0)
  t.ok(Number(one(samples, 'pprofd_target_resident_memory_bytes', labels)) > 1e7)
  t.ok(Number(one(samples, 'pprofd_target_open_fds', labels)) > 3)
  t.ok(Number(one(samples, 'pprofd_target_max_fds', labels)) > 100)
  const age = Date.now() / 1000 - Number(one(samples, 'pprofd_target_start_time_seconds', labels))
  t.ok(age > -2 && age < 120, `${age} s old`)
  t.equal(one(samples, 'pprofd_target_heap_used_bytes'), undefined, 'nobody has a session')
  t.equal(one(samples, 'pprofd_attaches_total', { start: 'cold' }), 0)
  t.notMatch(spawned.stderr.text(), 'Debugger', 'its inspector was not opened')
})

t.test('what a target said to an open session is shown with its age', async (t) => {
  const spawned = await spawnObedient(t)
  const live = {
    ageMs: 1500,
    usedHeapBytes: 5e6,
    takenHeapBytes: 6e6,
    heapLimitBytes: 2e9,
    loopActiveMs: 250,
    loopIdleMs: 750,
    loopUtilization: 0.25,
    loopDelayMs: { p50: 1, p99: 20, max: 30 },
    gcMs: 12,
  }
  const { app } = startApp(t, {
    targets: { configured: [configured('api', { pid: spawned.pid })] },
    liveFigures: () => live,
  })
  const samples = parseMetrics((await app.inject('/metrics')).body)
  const expected: readonly (readonly [name: string, value: number, quantile?: string])[] = [
    ['figures_age_seconds', 1.5],
    ['heap_used_bytes', 5e6],
    ['heap_committed_bytes', 6e6],
    ['heap_limit_bytes', 2e9],
    ['eventloop_active_seconds_total', 0.25],
    ['eventloop_idle_seconds_total', 0.75],
    ['eventloop_utilization_ratio', 0.25],
    ['eventloop_delay_seconds', 0.001, '0.5'],
    ['eventloop_delay_seconds', 0.02, '0.99'],
    ['eventloop_delay_seconds', 0.03, '1'],
    ['gc_seconds_total', 0.012],
  ]
  for (const [name, value, quantile] of expected) {
    const labels = { service_name: 'api', ...(quantile && { quantile }) }
    t.equal(one(samples, `pprofd_target_${name}`, labels), value, `${name} ${quantile}`)
  }
})

t.test('the reader of this test refuses what promtool refuses', async (t) => {
  const bad = [
    'a 1',
    '# HELP a x\n# TYPE a counter\na 1\n',
    '# HELP a_total x\n# TYPE a_total gauge\na_total 1\n',
    '# HELP a x\n# TYPE a gauge\na{b="c"} 1\na{b="c"} 2\n',
    '# HELP a_ms x\n# TYPE a_ms gauge\na_ms 1\n',
    '# TYPE a gauge\na 1\n',
    '# HELP a x\n# TYPE a gauge\na{b="c} 1\n',
    '# HELP a x\n# TYPE a gauge\nb 1\n',
  ]
  for (const text of bad) t.throws(() => parseMetrics(text), text)
})

function one(
  samples: readonly MetricSample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  return samples.find(
    (each) => each.name === name && Object.entries(labels).every(([k, v]) => each.labels[k] === v),
  )?.value
}

function tick(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20))
}
