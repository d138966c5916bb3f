// Profiles that the daemon takes for itself: every kind, its entry of /captures, its line of the log, its end.
import { once } from 'node:events'
import t from 'tap'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import type {
  ProfileKind,
  RecordedProfile,
  TakeProfile,
} from '../../src/recorder/recorded-profile.ts'
import type { AppRecorder, RecorderHands } from '../../src/server/app.ts'
import type { Target } from '../../src/targets/target.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { configured, until } from '../targets/new-targets.ts'
import { startApp } from './start-app.ts'

/** What the app hands over, and whether it has been ended. */
class Taken implements AppRecorder {
  take: TakeProfile = () => Promise.reject(new Error('the app is not ready'))
  isEnded = false

  begin({ take }: RecorderHands): void {
    this.take = take
  }

  async end(): Promise<void> {
    this.isEnded = true
  }
}

const firstValues: Readonly<Partial<Record<RecordedProfile['kind'], string>>> = {
  profile: 'samples',
  wall: 'samples',
  heap: 'alloc_objects',
  allocs: 'alloc_objects',
  goroutine: 'goroutine',
  block: 'contentions',
  mutex: 'contentions',
  retained: 'objects',
}

t.test('profiles that nobody asks for in person', async (t) => {
  const spawned = await spawnTarget(t, 'busy.cjs', { nodeArguments: ['--inspect-port=0'] })
  const recorder = new Taken()
  const entry = configured('shop', { pid: spawned.pid })
  const denied = configured('denied', { pid: process.pid, profiles: ['heap'] })
  const { app, targets, log } = startApp(t, {
    recorder,
    targets: { configured: [entry, denied] },
    limits: { maxSeconds: 20, capturesPerTarget: 9 },
    sources: { sourceMaps: false },
  })
  await app.ready()
  const target = await targets.resolve('shop')
  const ended = () => log.filter(({ msg }) => String(msg).endsWith('capture ended'))

  await t.test('each kind is pprof, listed and logged with its reason', async (t) => {
    const kinds = Object.keys(firstValues) as ProfileKind[]
    const reasonOf = (kind: string) => `rule test: ${kind} is wanted`
    const wishes = kinds.map((kind) => ({ kind, seconds: 1, reason: reasonOf(kind) }))
    const profiles = await Promise.all(wishes.map((wish) => recorder.take(target, wish)))
    const { captures } = (await app.inject('/captures')).json()
    for (const profile of profiles) {
      const { kind } = profile
      const reason = reasonOf(kind)
      t.match(profile, {
        reason,
        target: { id: 'shop', name: 'shop', pid: spawned.pid },
        nodeVersion: process.version,
        extension: '.pb.gz',
        contentType: 'application/octet-stream',
        pauseMs: Number,
      })
      t.ok(Math.abs(Date.now() - profile.startedAtMs - profile.durationMs) < 30_000)
      t.equal(decodeProfile(profile.bytes).sampleTypes[0]?.type, firstValues[kind])
      const logName = kind === 'profile' ? 'cpu' : kind
      t.match(
        ended().find(({ kind }) => kind === logName),
        {
          address: 'pprofd',
          target: 'shop',
          because: reason,
          outcome: 'ok',
          sizeBytes: profile.bytes.byteLength,
        },
      )
      const listed = captures.find((capture: { kind: string }) => capture.kind === logName)
      const caller = { address: 'pprofd' }
      t.match(listed, { state: 'done', caller, parameters: { because: reason } })
    }
  })

  await t.test('a trace is JSON', async (t) => {
    const profile = await recorder.take(target, { kind: 'trace', seconds: 1, reason: 'test' })
    t.match(profile, { extension: '.json', contentType: /^application\/json/ })
    t.ok(JSON.parse(Buffer.from(profile.bytes).toString()).length > 10)
  })

  await t.test('what the configuration forbids is refused, and logged', async (t) => {
    const forbidden: Target = { ...target, profiles: ['heap'] }
    const wish = { kind: 'profile', seconds: 1, reason: 'test' } as const
    await t.rejects(recorder.take(forbidden, wish), { code: 'target-forbidden' })
    t.match(ended().at(-1), { outcome: 'target-forbidden', because: 'test' })
    const gone = { ...target, startTimeTicks: target.startTimeTicks - 1n }
    await t.rejects(recorder.take(gone, wish), { code: 'target-vanished' })
  })

  await t.test('it ends with its signal, by DELETE, and the target is as before', async (t) => {
    const abort = new AbortController()
    const wish = { kind: 'profile', seconds: 3600, reason: 'test', signal: abort.signal } as const
    const isListening = async () => (await listeningPorts(spawned.pid)).length === 1
    const running = recorder.take(target, wish)
    const aborted = t.rejects(running, { code: 'capture-aborted' })
    t.ok(await until(isListening))
    abort.abort()
    await aborted
    const late = recorder.take(target, wish)
    await t.rejects(late, { code: 'capture-aborted' }, 'also one that had ended before')

    const other = recorder.take(target, { ...wish, signal: undefined })
    const deleted = t.rejects(other, { code: 'capture-ended' })
    t.ok(await until(isListening))
    const { captures } = (await app.inject('/captures')).json()
    t.match(captures[0], { state: 'running', durationMs: 20_000 }, 'limits.maxSeconds holds')
    await app.inject({ method: 'DELETE', url: `/captures/${captures[0].id}` })
    await deleted
    t.same(await listeningPorts(spawned.pid), [])
  })

  await t.test('closing the app ends it first', async (t) => {
    const wish = { kind: 'wall', seconds: 20, reason: 'test' } as const
    const closed = t.rejects(recorder.take(target, wish), { message: /pprofd is stopping/ })
    t.ok(await until(async () => (await listeningPorts(spawned.pid)).length === 1))
    await app.close()
    await closed
    t.ok(recorder.isEnded)
    t.same(await listeningPorts(spawned.pid), [])
  })
  spawned.child.kill()
  await once(spawned.child, 'exit')
})
