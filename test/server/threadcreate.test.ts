// Every thread of real targets, listed in Go's forms and read by the real `go tool pprof`.
import { readdirSync } from 'node:fs'
import t from 'tap'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import { goMissing, goPprof } from '../fixtures/support/go-pprof.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { listenAnywhere, startApp } from './start-app.ts'

t.setTimeout(120_000)

const threadsOf = (pid: number) => readdirSync(`/proc/${pid}/task`).length

/** Leaf's name to count. */
function countsOf(bytes: Uint8Array): Record<string, number> {
  const { samples } = decodeProfile(bytes)
  return Object.fromEntries(
    samples.map(({ stack, values }) => [stack[0]?.lines[0]?.function?.name ?? '', values[0] ?? 0]),
  )
}

for (const major of nodeMajors) {
  const { path: node = '', reason } = await nodeBinary(major)
  t.test(
    `counts what Node ${major} runs, without touching it`,
    { skip: reason ?? false },
    async (t) => {
      const target = await spawnTarget(t, 'idle.cjs', { node, nodeArguments: ['--inspect-port=0'] })
      const { app, log } = startApp(t)
      const answer = await app.inject(`/targets/${target.pid}/debug/pprof/threadcreate`)
      t.equal(answer.statusCode, 200)
      t.match(answer.headers, {
        'content-type': 'application/octet-stream',
        'content-disposition': 'attachment; filename="threadcreate"',
      })
      t.same(checkValid(answer.rawPayload), [])
      const profile = decodeProfile(answer.rawPayload)
      t.match(profile, {
        sampleTypes: [{ type: 'threadcreate', unit: 'count' }],
        periodType: { type: 'threadcreate', unit: 'count' },
        period: 1,
        durationNanos: 0,
      })
      const counts = countsOf(answer.rawPayload)
      const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
      t.equal(total, threadsOf(target.pid))
      t.match(counts, {
        '(main thread)': 1,
        '(V8 worker threads)': 4,
        '(V8 delayed tasks thread)': 1,
        '(SIGUSR1 thread)': 1,
      })
      t.notMatch(target.stderr.text(), 'Debugger', 'nothing was attached to')
      t.match(log.at(-1), { msg: 'threadcreate capture ended', outcome: 'ok', threads: total })
    },
  )
}

t.test('workers=1 names workers and their scripts, and leaves nothing', async (t) => {
  const target = await spawnTarget(t, 'workers.cjs', {
    nodeArguments: ['--inspect-port=0'],
    programArguments: ['pool', '-'],
  })
  const { app } = startApp(t)
  const answer = await app.inject(`/targets/${target.pid}/debug/pprof/threadcreate?workers=1`)
  const { samples } = decodeProfile(answer.rawPayload)
  const workers = samples.filter(({ stack }) => stack.length === 3)
  t.equal(workers.length, 2)
  for (const { stack } of workers) {
    const [own, role] = stack.map((location) => location?.lines[0]?.function)
    t.match(own, { name: /^worker .+#\d+$/, file: /workers\.cjs$/ })
    t.equal(role?.name, '(worker thread)')
  }
  t.same(await listeningPorts(target.pid), [])
})

t.test('seconds counts the threads that were started meanwhile', async (t) => {
  const target = await spawnTarget(t, 'starts-pool.cjs', { nodeArguments: ['--inspect-port=0'] })
  const { app } = startApp(t)
  const url = `/targets/${target.pid}/debug/pprof/threadcreate?seconds=1`
  const none = await app.inject(url)
  t.same(checkValid(none.rawPayload), [])
  t.same(countsOf(none.rawPayload), {}, 'nothing is started')
  const pending = app.inject(url).then((answer) => answer)
  setTimeout(() => target.send('start'), 300)
  const started = await pending
  t.match(started.headers['content-disposition'], 'threadcreate-delta')
  // What a thread is for cannot be told at every moment of its start.
  const [[name, count] = []] = Object.entries(countsOf(started.rawPayload))
  t.match(name, /^\((libuv thread pool|other native threads)\)$/)
  t.equal(count, 4)
  t.ok(decodeProfile(started.rawPayload).durationNanos >= 0.99e9)
})

t.test('go tool pprof reads both forms', { skip: (await goMissing()) ?? false }, async (t) => {
  const target = await spawnTarget(t, 'idle.cjs', { nodeArguments: ['--inspect-port=0'] })
  const { app } = startApp(t)
  const port = await listenAnywhere(app)
  const url = `http://127.0.0.1:${port}/targets/${target.pid}/debug/pprof/threadcreate`
  const text = await (await fetch(`${url}?debug=1`)).text()
  t.match(text, new RegExp(`^threadcreate profile: total ${threadsOf(target.pid)}\n# target: `))
  for (const query of ['', '?debug=1']) {
    const { code, stdout, stderr } = await goPprof(t, ['-top', url + query])
    t.equal(code, 0, stderr)
    t.match(stdout, /^Type: threadcreate$/m)
    t.match(stdout, /^\s+4 .* 4 .*\(V8 worker threads\)$/m, query)
    t.match(stdout, new RegExp(`of ${threadsOf(target.pid)} total`), query)
  }
})

t.test('what cannot be answered is said', async (t) => {
  const configured = [{ name: 'remote', port: 1, enabled: true, signal: false }]
  const { app } = startApp(t, { targets: { configured, discover: false } })
  const port = await app.inject('/targets/remote/debug/pprof/threadcreate')
  t.equal(port.statusCode, 409)
  t.match(port.body, 'the threads of target remote are not known')
  for (const [query, sentence] of [
    ['seconds=0', 'invalid value for "seconds"'],
    ['seconds=1&debug=1', 'seconds and debug params are incompatible'],
    ['workers=2', 'workers must be one of 0, 1'],
  ] as const) {
    const answer = await app.inject(`/targets/self/debug/pprof/threadcreate?${query}`)
    t.equal(answer.statusCode, 400, query)
    t.match(answer.body, sentence)
  }
  const self = await app.inject('/targets/self/debug/pprof/threadcreate?workers=1')
  t.equal(self.statusCode, 200, 'pprofd itself is not attached to')
})
