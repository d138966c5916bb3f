// Rounds take each target once in an interval, never twice at once, and count what they leave out.
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { TargetError } from '../../../src/errors.ts'
import { Push, type PushSettings } from '../../../src/recorder/push/push.ts'
import type { ProfileWish, TakeProfile } from '../../../src/recorder/recorded-profile.ts'
import { Recorder } from '../../../src/recorder/recorder.ts'
import { recorderFolders, recorderSettings } from '../../../src/recorder-settings.ts'
import type { Target } from '../../../src/targets/target.ts'
import { defaultConfig } from '../../config/default-config.ts'
import { temporaryFolder } from '../../proc/temporary-folder.ts'
import { until } from '../../targets/new-targets.ts'
import { recordedProfile, reported } from '../recorded.ts'
import { type FakeEngine, fakePyroscope } from './fake-engine.ts'

/** As far as rounds look at one. */
function target(id: string, pid: number): Target {
  return {
    id,
    instance: '',
    name: id,
    kind: pid === 0 ? 'port' : 'process',
    pid,
    startTimeTicks: 7n,
    executable: '',
    argv: [],
    workingDirectory: '',
    uid: 1000,
    port: undefined,
    configured: true,
    maySignal: true,
  }
}

function settings(engine: FakeEngine, changes: Partial<PushSettings> = {}): PushSettings {
  return {
    url: engine.url,
    format: 'pyroscope',
    everyMs: 300,
    profiles: ['profile', 'heap'],
    seconds: 3,
    maxQueueBytes: 2 ** 20,
    ...changes,
  }
}

function parts(t: Test, targets: () => readonly Target[]) {
  const { report, lines } = reported()
  return { folder: temporaryFolder(t), report, lines, listTargets: async () => targets() }
}

t.test('each target is taken in each round, spread, one profile after the other', async (t) => {
  const engine = await fakePyroscope(t)
  const targets = Array.from({ length: 8 }, (_, n) => target(`t${n}`, n === 7 ? 0 : 100 + n))
  const taken: (ProfileWish & { readonly id: string; readonly atMs: number })[] = []
  const running = new Set<string>()
  const take: TakeProfile = async (target, wish) => {
    t.notOk(running.has(target.id))
    running.add(target.id)
    taken.push({ ...wish, id: target.id, atMs: performance.now() })
    await delay(10)
    running.delete(target.id)
    return recordedProfile({ ...wish, target })
  }
  const push = new Push(
    settings(engine),
    parts(t, () => targets),
  )
  push.begin(take)
  t.teardown(() => push.end())
  t.ok(
    await until(() => targets.every(({ id }) => taken.filter((one) => one.id === id).length > 2)),
  )
  await push.end()
  t.match(taken[0], { kind: 'profile', seconds: 3, reason: 'push', signal: AbortSignal })
  for (const { id } of targets) {
    const kinds = taken.filter((one) => one.id === id).map(({ kind }) => kind)
    t.same(kinds.slice(0, 3), ['profile', 'heap', 'profile'])
  }
  const firsts = targets.map(({ id }) => taken.find((one) => one.id === id)?.atMs ?? 0)
  t.ok(Math.max(...firsts) - Math.min(...firsts) > 100, 'not all at the beginning')
  t.ok(push.status().taken >= 3 * 8)
  const { sent, queued } = push.status()
  t.equal(sent + queued, push.status().taken, 'none is lost')
})

t.test('a target that is busy, gone or refuses is left out, and counted', async (t) => {
  const engine = await fakePyroscope(t)
  let isHeld = true
  const take: TakeProfile = async ({ id }, wish) => {
    if (id === 'held') while (isHeld && wish.signal?.aborted === false) await delay(5)
    if (id === 'gone') throw new TargetError('target-vanished', 'it is gone')
    if (id === 'refuses') throw new TargetError('target-refused', 'it refuses')
    if (id === 'broken') throw new TypeError('a bug')
    return recordedProfile(wish)
  }
  const targets = ['held', 'gone', 'refuses', 'broken'].map((id, n) => target(id, n + 1))
  let isListed = false
  const given = parts(t, () => {
    if (!isListed) {
      isListed = true
      throw new Error('no /proc')
    }
    return targets
  })
  const push = new Push(settings(engine, { everyMs: 60 }), given)
  push.begin(take)
  t.teardown(() => push.end())
  const skipped = () => push.status().skipped
  t.ok(await until(() => (skipped().busy ?? 0) > 1 && (skipped()['target-refused'] ?? 0) > 3))
  t.equal(push.status().taken, 0)
  isHeld = false
  t.ok(await until(() => push.status().sent > 1))
  await push.reconfigure(settings(engine, { everyMs: 0 }))
  t.ok((skipped()['target-vanished'] ?? 0) > 0, 'a reload forgets no count')
  t.ok((skipped()['internal-error'] ?? 0) > 0)
  const { taken } = push.status()
  await delay(150)
  t.equal(push.status().taken, taken, 'every: 0 has no rounds')
  t.match(given.lines, [/the targets cannot be listed.*no \/proc/])
})

t.test('nothing is taken for an engine that refuses', async (t) => {
  const engine = await fakePyroscope(t, { token: 'Bearer right' })
  let taken = 0
  const take: TakeProfile = async (_target, wish) => {
    taken++
    return recordedProfile(wish)
  }
  const push = new Push(
    settings(engine, { everyMs: 20, profiles: ['heap'] }),
    parts(t, () => [target('a', 1)]),
  )
  push.begin(take)
  t.teardown(() => push.end())
  t.ok(await until(() => push.status().state === 'refused'))
  await delay(50)
  const before = taken
  await delay(150)
  t.equal(taken, before)
  t.equal(engine.requests, 1)
})

t.test('TLS that the engine does not speak is a failure like others', async (t) => {
  const engine = await fakePyroscope(t)
  const url = engine.url.replace('http:', 'https:')
  const given = parts(t, () => [])
  const push = new Push(settings(engine, { url, everyMs: 0 }), given)
  push.begin(() => Promise.reject(new Error('nothing')))
  t.teardown(() => push.end())
  await push.put(recordedProfile())
  t.ok(await until(() => /SSL|EPROTO|TLS/i.test(push.status().lastError ?? '')))
  t.equal(engine.requests, 0)
})

t.test('the recorder begins, is changed and ends with the app, as often as that', async (t) => {
  const engine = await fakePyroscope(t)
  const folder = temporaryFolder(t)
  const spool = { maxBytes: 2 ** 20 }
  const push = settings(engine, { everyMs: 30, profiles: ['heap'] })
  const given = parts(t, () => [target('a', 1)])
  const recorder = new Recorder(
    { spool, push: undefined },
    { spool: `${folder}/spool`, outgoing: `${folder}/spool/outgoing` },
    given,
  )
  await recorder.end()
  const take: TakeProfile = async (_target, wish) => recordedProfile(wish)
  recorder.begin(take)
  t.equal(recorder.push, undefined)
  await recorder.spool.put(recordedProfile())
  await recorder.reconfigure({ spool, push })
  t.ok(await until(() => (recorder.push?.status().sent ?? 0) > 0))
  await recorder.end()
  t.equal(recorder.push?.status().state, 'stopped')
  recorder.begin(take)
  t.ok(await until(() => recorder.push?.status().state === 'running'))
  await recorder.reconfigure({ spool, push: { ...push, everyMs: 0 } })
  await recorder.reconfigure({ spool, push: undefined })
  const { requests } = engine
  await delay(100)
  t.equal(engine.requests, requests)
  t.equal(recorder.spool.status().profiles, 1)
  await recorder.end()
})

t.test('the configuration says who pprofd is, from a file that it reads anew', async (t) => {
  const folder = temporaryFolder(t)
  const tokenFile = join(folder, 'token')
  writeFileSync(tokenFile, 's3cret\n', { mode: 0o600 })
  const { push } = defaultConfig
  const of = (changes: object) =>
    recorderSettings({
      ...defaultConfig,
      push: { ...push, url: 'http://localhost:4040//', ...changes },
    })
  t.equal((await recorderSettings(defaultConfig)).push, undefined, 'off by default')
  const { push: plain, spool } = await of({})
  t.match(plain, { url: 'http://localhost:4040', everyMs: 60_000, authorization: undefined })
  t.same(spool, { maxBytes: 268_435_456, maxAgeMs: undefined })

  const bearer = await (await of({ tokenFile })).push?.authorization?.()
  t.same(bearer, { header: 'Bearer s3cret', secret: 's3cret' })
  const { push: basic } = await of({ tokenFile, user: 'me' })
  t.equal((await basic?.authorization?.())?.header, 'Basic bWU6czNjcmV0')
  writeFileSync(tokenFile, 'other')
  t.equal((await basic?.authorization?.())?.header, 'Basic bWU6b3RoZXI=')
  chmodSync(tokenFile, 0o640)
  await t.rejects(of({ tokenFile }), {
    code: 'config-invalid',
    message: /^push\.tokenFile names .*, which other users can read or write; try: chmod 600/,
  })

  const env = { STATE_DIRECTORY: '/var/lib/pprofd' }
  t.same(recorderFolders(defaultConfig, env), {
    spool: '/var/lib/pprofd/spool',
    outgoing: '/var/lib/pprofd/spool/outgoing',
  })
  t.equal(recorderFolders({ ...defaultConfig, spool: { dir: '/a', maxBytes: 1 } }, env).spool, '/a')
})
