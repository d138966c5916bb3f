import t from 'tap'
import { nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { contentions, spawnHoldsUp, totalMs } from './holds-up.ts'
import { startApp } from './start-app.ts'

t.setTimeout(300_000)

/** The names of the files under tap take long to find out, and are not the point. */
const asItRuns = 'sourcemaps=0'

t.test('mutex is led by the function that parses for 200 ms a second', async (t) => {
  const target = await spawnHoldsUp(t, 'parse')
  const { app } = startApp(t)
  const { profile, rows } = await contentions(t, app, target, `mutex?seconds=3&${asItRuns}`)
  t.match(rows[0]?.stack.join(' '), /\bparseMessage again\b/)
  const count = rows.reduce((sum, row) => sum + row.count, 0)
  const meanMs = totalMs(rows) / count
  t.ok(count >= 2 && count <= 4, `${count} contentions`)
  t.ok(meanMs > 120 && meanMs < 400, `${meanMs} ms each, of 200 with a threshold of 20`)
  t.match(profile, {
    sampleTypes: [
      { type: 'contentions', unit: 'count' },
      { type: 'delay', unit: 'nanoseconds' },
    ],
    periodType: { type: 'contentions', unit: 'count' },
    period: 1,
    defaultSampleType: 'delay',
  })
  t.match(rows[0]?.labels, { thread: 'main', pid: String(target.pid) })
  const high = await contentions(t, app, target, `mutex?seconds=1&threshold=5000&${asItRuns}`)
  t.strictSame(high.rows, [], 'a higher threshold leaves it out')
})

t.test('block is led by the function that waits', async (t) => {
  const { app } = startApp(t)
  const cases = [
    ['fifo', 'readSlowFifo', 'main', /^(openat|read)$/],
    ['exec', 'runChild', 'main', /^epoll_p?wait$/],
    ['atomics', 'waitForGate', 'main', /^futex$/],
    ['worker', 'waitForGate', 'waiter#1', /^futex$/],
  ] as const
  await Promise.all(
    cases.map(async ([way, name, thread, wait]) => {
      const target = await spawnHoldsUp(t, way)
      const { rows } = await contentions(t, app, target, `block?seconds=2&${asItRuns}`)
      const [first] = rows
      t.ok(first?.stack.includes(name), `${way}: ${first?.stack.join(' ')}`)
      t.match(first?.labels, { thread, pid: String(target.pid), wait }, way)
      const meanMs = (first?.delayMs ?? 0) / (first?.count ?? 0)
      // Of about 300, less where recording begins or ends within one; more on a machine with other work.
      t.ok(meanMs > 100 && meanMs < 1000, `${way}: ${meanMs} ms each`)
      t.ok((first?.delayMs ?? 0) > 0.6 * totalMs(rows), `${way}: not much else`)
      if (way !== 'exec') return
      const mutex = await contentions(t, app, target, `mutex?seconds=2&${asItRuns}`)
      t.ok(
        mutex.rows.some(({ stack }) => stack.includes(name)),
        'who waits for a child holds the event loop, too',
      )
    }),
  )
})

t.test('work is no wait, and rest is neither', async (t) => {
  const { app } = startApp(t)
  const [idle, turns, compute] = await Promise.all(
    ['idle', 'turns', 'compute'].map(async (way) => {
      const target = await spawnHoldsUp(t, way)
      const query = `seconds=1&hz=200&${asItRuns}`
      // One after the other: stopping a profiler makes the target wait, which another one sees.
      const block = await contentions(t, app, target, `block?${query}`)
      const mutex = await contentions(t, app, target, `mutex?${query}`)
      return [block.rows, mutex.rows]
    }),
  )
  const [noWaits, fewRuns = []] = idle ?? []
  t.strictSame(noWaits, [], 'an idle process waits for nothing')
  // Starved of CPU, what pprofd asks of it may take it long.
  t.ok(totalMs(fewRuns) < 100, `and holds nothing up: ${totalMs(fewRuns)} ms`)
  const [blocked = [], held = []] = compute ?? []
  // The collector's own threads may be waited for.
  t.ok(totalMs(blocked) < 100, `block of a busy loop: ${totalMs(blocked)} ms of 1 s`)
  // Time that a starved sampler misses is not in it.
  t.ok(totalMs(held) > 100, `mutex of a busy loop: ${totalMs(held)} ms`)
  const named = held.filter(({ stack }) => stack.includes('computeFor'))
  t.ok(totalMs(named) > 0.5 * totalMs(held), JSON.stringify(held))
  const [short = []] = turns ?? []
  t.ok(totalMs(short) < 200, `block of short turns with rests between: ${totalMs(short)} ms`)
})

t.test('V8 samples threads that wait on every version of Node', async (t) => {
  const { app } = startApp(t)
  await Promise.all(
    nodeMajors.map(async (major) => {
      const { path, reason } = await nodeBinary(major)
      if (path === undefined) {
        t.comment(reason)
        return
      }
      const target = await spawnHoldsUp(t, 'all', path)
      const { rows } = await contentions(t, app, target, `block?seconds=3&${asItRuns}`)
      const leading = rows.slice(0, 3).flatMap(({ stack }) => stack)
      for (const name of ['readSlowFifo', 'runChild', 'waitForGate']) {
        t.ok(leading.includes(name), `Node ${major}: ${name} of ${leading}`)
      }
    }),
  )
})

t.test('the answers are those of Go', async (t) => {
  const target = await spawnTarget(t, 'idle.cjs', { nodeArguments: ['--inspect-port=0'] })
  const { app, log } = startApp(t)
  const at = (path: string) => app.inject(`/targets/${target.pid}/debug/pprof/${path}`)
  const [profile, delta, text, mutexText] = await Promise.all(
    ['block', 'mutex?seconds=1', 'block?debug=1', 'mutex?debug=1'].map(at),
  )
  const binary = 'application/octet-stream'
  t.match(profile?.headers, {
    'content-type': binary,
    'content-disposition': 'attachment; filename="block"',
    'x-pprofd-pid': String(target.pid),
    'x-pprofd-start-pause-ms': /^\d+\.\d$/,
  })
  t.match(delta?.headers, { 'content-disposition': 'attachment; filename="mutex-delta"' })
  t.equal(text?.headers['content-type'], 'text/plain; charset=utf-8')
  t.notOk(text?.headers['content-disposition'])
  t.match(text?.body, /^--- contention:\ncycles\/second=1000000000\n# target: /)
  t.match(text?.body, /^# window: the default of 2 s, because seconds was not given$/m)
  // On a busy machine even an idle program may wait for something.
  t.match(
    mutexText?.body,
    /^--- mutex:\ncycles\/second=1000000000\nsampling period=1\n(\d+ \d+ @( 0x[\da-f]+)+\n(#.*\n)+\n)*# target: /,
  )
  t.match(log.map(({ msg, outcome }) => `${msg} ${outcome}`).sort(), [
    'block capture ended ok',
    'block capture ended ok',
    'mutex capture ended ok',
    'mutex capture ended ok',
  ])
})

t.test('wrong parameters are refused by name, before anything is touched', async (t) => {
  const { app } = startApp(t)
  const cases = [
    ['block?seconds=0', /^invalid value for "seconds" - must be a positive integer\n$/],
    ['block?seconds=61', /^seconds must be a whole number from 1 to 60/],
    ['mutex?seconds=1&debug=1', /^seconds and debug params are incompatible\n$/],
    ['block?hz=0', /^hz must be a whole number from 1 to 1000/],
    ['mutex?threshold=x', /^threshold must be a whole number from 1 to 60000, not "x"/],
    ['mutex?sourcemaps=2', /^sourcemaps must be one of 0, 1/],
    ['block?force=yes', /^force must be one of 0, 1/],
  ] as const
  for (const [path, sentence] of cases) {
    const { statusCode, body } = await app.inject(`/targets/self/debug/pprof/${path}`)
    t.equal(statusCode, 400, path)
    t.match(body, sentence)
  }
  const forbidding = startApp(t, { targets: { profiles: ['profile', 'mutex'] } })
  const target = await spawnTarget(t, 'idle.cjs', { nodeArguments: ['--inspect-port=0'] })
  const refused = await forbidding.app.inject(`/targets/${target.pid}/debug/pprof/block`)
  t.equal(refused.statusCode, 403)
  t.match(refused.body, /allows no block of/)
})
