// What is handed over arrives once and in order, whatever the engine does, and no secret is said.
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { hostname } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { EngineFormat } from '../../../src/recorder/push/engine-request.ts'
import type { Authorization, OutgoingTimes } from '../../../src/recorder/push/outgoing.ts'
import { readRetryAfter } from '../../../src/recorder/push/post.ts'
import { Push, type PushSettings } from '../../../src/recorder/push/push.ts'
import type { ProfileKind, TakeProfile } from '../../../src/recorder/recorded-profile.ts'
import { freePort } from '../../fixtures/support/free-port.ts'
import { temporaryFolder } from '../../proc/temporary-folder.ts'
import { until } from '../../targets/new-targets.ts'
import { recordedProfile, reported, startedAtMs } from '../recorded.ts'
import { type FakeEngine, fakeParca, fakePyroscope } from './fake-engine.ts'

const quick: OutgoingTimes = { timeoutMs: 500, minBackoffMs: 5, maxBackoffMs: 20, recheckMs: 20 }

const noTake: TakeProfile = () => Promise.reject(new Error('nothing is taken here'))

interface Started {
  readonly push: Push
  readonly folder: string
  readonly lines: readonly string[]
}

/** Ended when `t` ends. */
function startPush(
  t: Test,
  changes: Partial<PushSettings> & Pick<PushSettings, 'url'>,
  { folder = temporaryFolder(t), times = quick, take = noTake } = {},
): Started {
  const { report, lines } = reported()
  const push = new Push(settings(changes), {
    folder,
    report,
    times,
    listTargets: async () => [],
  })
  push.begin(take)
  t.teardown(() => push.end())
  return { push, folder, lines }
}

function settings(changes: Partial<PushSettings> & Pick<PushSettings, 'url'>): PushSettings {
  const format: EngineFormat = 'pyroscope'
  const rounds = { everyMs: 0, profiles: [], seconds: 1 }
  return { format, maxQueueBytes: 2 ** 20, ...rounds, ...changes }
}

function isDone({ push }: Started): Promise<boolean> {
  return until(() => push.status().queued === 0)
}

t.test('Pyroscope gets every kind as its contract says', async (t) => {
  const engine = await fakePyroscope(t, { tenant: 'team-a' })
  const started = startPush(t, { url: engine.url, tenant: 'team-a' })
  const kinds = 'profile wall heap allocs goroutine block mutex retained'.split(' ')
  for (const [index, kind] of kinds.entries()) {
    const changes = { kind: kind as ProfileKind, startedAtMs: startedAtMs + index }
    await started.push.put(recordedProfile(changes))
  }
  t.ok(await isDone(started))
  t.same(engine.complaints, [])
  const named = engine.received.map(({ labels: { __name__, __delta__ = '' } }) => [
    __name__,
    __delta__,
  ])
  t.same(named, [
    ['process_cpu', 'false'],
    ['wall', 'false'],
    ['memory', ''],
    ['allocs', 'false'],
    ['goroutine', ''],
    ['block', 'false'],
    ['mutex', 'false'],
    ['retained', ''],
  ])
  t.same(engine.received[0]?.labels, {
    __delta__: 'false',
    __name__: 'process_cpu',
    instance: `${hostname()}:4711`,
    node_version: 'v20.20.2',
    pid: '4711',
    service_name: 'shop',
    trigger: 'rule hot',
  })
  t.equal(new Set(engine.received.map(({ id }) => id)).size, kinds.length)
  t.match(started.push.status(), { state: 'running', queued: 0, queuedBytes: 0, sent: 8 })
  t.same(readdirSync(started.folder), [])
  const trace = recordedProfile({ kind: 'trace', extension: '.json' })
  await t.rejects(started.push.put(trace), { message: /a trace cannot be pushed/ })
  t.equal(started.push.status().dropped['not-kept'], 1)
})

t.test(
  'Parca gets it as its contract says, and what a target calls itself is a value',
  async (t) => {
    const engine = await fakeParca(t)
    const started = startPush(t, { url: engine.url, format: 'parca' })
    const service = `a"b\n\u202e\ud800${'é'.repeat(300)}`
    const target = { ...recordedProfile().target, id: 'debugged', service, pid: 0 }
    await started.push.put(recordedProfile({ target, reason: 'push' }))
    t.ok(await isDone(started))
    t.same(engine.complaints, [])
    t.same(engine.received[0]?.labels, {
      __name__: 'process_cpu',
      instance: `${hostname()}:debugged`,
      node_version: 'v20.20.2',
      service_name: `a"b \ufffd${'é'.repeat(195)}`,
    })
  },
)

const later = (status: number, headers: Record<string, string> = {}) => {
  return (_request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(status, headers).end('come \u001b[31mback\nlater')
    return true
  }
}

/** What the engine does, and what becomes of the profile: `sent` where it does so only once. */
const failures: readonly (readonly [
  title: string,
  misbehave: FakeEngine['misbehave'],
  always: 'rejected' | 'gave-up' | 'refused',
  words: RegExp,
])[] = [
  ['400', later(400), 'rejected', /takes no .*profile\.pb\.gz: 400: come \[31mback later/],
  ['413', later(413), 'rejected', /413/],
  ['401', later(401), 'refused', /^401: come/],
  ['403', later(403), 'refused', /^403: come/],
  ['404', later(404), 'gave-up', /tried 10 times: 404: .*push\.url or push\.format/],
  ['429', later(429, { 'Retry-After': '0' }), 'gave-up', /429/],
  ['503', later(503), 'gave-up', /503/],
  ['a redirect', later(307, { Location: 'http://127.0.0.1:1/' }), 'gave-up', /307: a redirect/],
  ['no answer', () => true, 'gave-up', /no answer within 0\.5 s/],
  ['hanging up', ({ socket }) => !socket.destroy().writable, 'gave-up', /hang up|ECONNRESET|EPIPE/],
]

t.test('what an engine may do instead of taking a profile', async (t) => {
  for (const [title, misbehave, always, words] of failures) {
    await t.test(title, async (t) => {
      const engine = await fakePyroscope(t)
      engine.misbehave = misbehave
      const times = { ...quick, timeoutMs: title === 'no answer' ? 500 : 5000 }
      const isQuick = title !== 'no answer'
      const started = startPush(t, { url: engine.url }, { times })
      const { push, lines } = started
      await push.put(recordedProfile())
      if (always === 'refused') {
        t.ok(await until(() => push.status().state === 'refused'))
        t.match(push.status(), { queued: 1, sent: 0, lastError: words })
        t.match(lines, [/nothing is sent until the token changes/])
        engine.misbehave = () => false
        await push.put(recordedProfile({ startedAtMs: startedAtMs + 1 }))
        t.match(push.status(), { queued: 2, state: 'refused' })
        t.equal(engine.requests, 1, 'it is not asked again')
        await push.reconfigure(settings({ url: engine.url }))
        t.ok(await isDone(started))
        t.match(push.status(), { sent: 2, state: 'running' }, 'but after a reload')
        return
      }
      if (isQuick) {
        t.ok(await isDone(started))
        t.match(push.status(), { dropped: { [always]: 1 }, sent: 0, lastError: words })
        t.equal(engine.requests, always === 'rejected' ? 1 : 10)
      } else {
        t.ok(await until(() => words.test(push.status().lastError ?? '')))
      }
      engine.misbehave = () => false
      await push.put(recordedProfile({ startedAtMs: startedAtMs + 1 }))
      t.ok(await isDone(started))
      t.equal(engine.received.length, isQuick ? 1 : 2, 'and then it takes the next one')
      t.equal(lines.length, { rejected: 1, 'gave-up': isQuick ? 3 : 2 }[always], 'few words')
    })
  }
})

t.test('an engine that is down gets all of it later, in order and once', async (t) => {
  const port = await freePort()
  const started = startPush(t, { url: `http://127.0.0.1:${port}` })
  const { push, folder } = started
  for (let n = 0; n < 4; n++) {
    await push.put(recordedProfile({ startedAtMs: startedAtMs + n, nodeVersion: `v20.0.${n}` }))
  }
  t.ok(await until(() => /ECONNREFUSED/.test(push.status().lastError ?? '')))
  await push.end()
  t.match(push.status(), { state: 'stopped', sent: 0 })
  const left = push.status().queued

  const engine = await fakePyroscope(t, { port })
  // The first request is cut off with the daemon's end: nobody knows whether it arrived.
  engine.misbehave = () => true
  const second = startPush(
    t,
    { url: engine.url },
    { folder, times: { ...quick, timeoutMs: 60_000 } },
  )
  t.ok(await until(() => engine.requests === 1))
  await second.push.end()
  engine.misbehave = () => false
  const third = startPush(t, { url: engine.url }, { folder })
  t.ok(await until(() => third.push.status().sent === left && third.push.status().queued === 0))
  await third.push.end()
  const versions = engine.received.map(({ labels }) => labels.node_version)
  t.same(versions, ['v20.0.0', 'v20.0.1', 'v20.0.2', 'v20.0.3'].slice(-left))

  const fourth = startPush(t, { url: engine.url }, { folder })
  await fourth.push.put(recordedProfile({ nodeVersion: 'v20.1.0' }))
  t.ok(await isDone(fourth))
  t.equal(engine.received.length, left + 1, 'a restart sends nothing twice')
})

t.test(
  'the queue keeps to its bytes: the oldest go, but for the one that is being sent',
  async (t) => {
    const engine = await fakePyroscope(t)
    const waiting: ServerResponse[] = []
    engine.misbehave = (request, response) => {
      if (waiting.length > 0) return false
      request.resume()
      return waiting.push(response) > 0
    }
    const times = { ...quick, timeoutMs: 60_000 }
    const started = startPush(t, { url: engine.url, maxQueueBytes: 3 * 8192 }, { times })
    const { push, folder, lines } = started
    const put = (n: number) =>
      push.put(recordedProfile({ startedAtMs: startedAtMs + n, nodeVersion: `v${n}` }))
    await put(0)
    t.ok(await until(() => waiting.length === 1))
    for (let n = 1; n < 6; n++) await put(n)
    t.match(push.status(), { queued: 3, queuedBytes: 3 * 8192, dropped: { 'queue-full': 3 } })
    t.equal(readdirSync(folder).length, 6)
    t.equal(lines.length, 1, 'told once')
    const large = recordedProfile({ bytes: new Uint8Array(40_000) })
    await t.rejects(push.put(large), { code: 'profile-not-kept' })
    waiting[0]?.end('{}')
    t.ok(await isDone(started))
    t.same(
      engine.received.map(({ labels }) => labels.node_version),
      ['v4', 'v5'],
    )
    t.match(push.status(), { sent: 3, dropped: { 'queue-full': 3, 'not-kept': 1 } })
  },
)

t.test('the token is sent, and said nowhere; a new one is taken without a restart', async (t) => {
  const engine = await fakePyroscope(t, { token: 'Bearer new-secret-token' })
  let token = 'old-secret-token'
  const authorization = async (): Promise<Authorization> => {
    if (token === '') throw new Error('the token file is gone')
    return { header: `Bearer ${token}`, secret: token }
  }
  const started = startPush(t, { url: engine.url, authorization })
  const { push, lines, folder } = started
  await push.put(recordedProfile())
  t.ok(await until(() => push.status().state === 'refused'))
  t.match(push.status().lastError, /^401: not known: Bearer \[token\]$/)
  t.equal(engine.requests, 1)
  token = ''
  t.ok(await until(() => /token file is gone/.test(push.status().lastError ?? '')))
  token = 'new-secret-token'
  t.ok(await isDone(started))
  t.equal(engine.received.length, 1)
  t.notMatch(JSON.stringify([lines, push.status()]), /secret/)
  for (const file of readdirSync(folder)) t.notMatch(file, /secret/)
})

t.test('what lies damaged in the folder is passed over', async (t) => {
  const folder = temporaryFolder(t)
  const engine = await fakePyroscope(t)
  const before = startPush(t, { url: 'http://127.0.0.1:1' }, { folder })
  for (let n = 0; n < 3; n++) {
    await before.push.put(recordedProfile({ startedAtMs: startedAtMs + n }))
  }
  await before.push.end()
  const [first = '', second = ''] = readdirSync(folder).filter((name) => name.endsWith('.pb.gz'))
  writeFileSync(join(folder, first), 'cut')
  writeFileSync(join(folder, `${second}.json`), '{"id": 1}')
  const started = startPush(t, { url: engine.url }, { folder })
  t.ok(await until(() => started.push.status().sent === 1))
  t.match(started.push.status(), { queued: 0, dropped: { unreadable: 2 } })
  rmSync(folder, { recursive: true })
  await started.push.put(recordedProfile())
  t.ok(await until(() => started.push.status().sent === 2), 'the folder is made anew')
})

t.test('Retry-After is seconds or a date', (t) => {
  t.equal(readRetryAfter(undefined), undefined)
  t.equal(readRetryAfter('12'), 12_000)
  t.equal(readRetryAfter('soon'), undefined)
  t.equal(readRetryAfter('Sun, 22 Nov 2026 04:15:10 GMT', Date.UTC(2026, 10, 22, 4, 15)), 10_000)
  t.equal(readRetryAfter('Sun, 22 Nov 2026 04:14:00 GMT', Date.UTC(2026, 10, 22, 4, 15)), 0)
  t.end()
})

t.test('Retry-After is kept to', async (t) => {
  const engine = await fakePyroscope(t)
  const at: number[] = []
  engine.misbehave = (_request, response) => {
    at.push(performance.now())
    if (at.length > 1) return false
    response.writeHead(429, { 'Retry-After': '1' }).end()
    return true
  }
  const started = startPush(t, { url: engine.url })
  await started.push.put(recordedProfile())
  t.ok(await isDone(started))
  t.ok((at[1] ?? 0) - (at[0] ?? 0) >= 990)
})
