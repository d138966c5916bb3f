import t from 'tap'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { startApp } from './start-app.ts'

t.setTimeout(180_000)

const ownPort = { nodeArguments: ['--inspect-port=0'] }
const limits = { maxSeconds: 60, capturesPerTarget: 4, captures: 64 }

t.test('who holds the memory of a plain process comes as a profile', async (t) => {
  const target = await spawnTarget(t, 'busy.cjs', ownPort)
  const { app, log } = startApp(t)
  const url = `/targets/${target.pid}/debug/pprof/retained`
  const answer = await app.inject(`${url}?debug=1&gc=1`)
  t.equal(answer.statusCode, 200)
  t.match(answer.headers, {
    'content-type': 'application/octet-stream',
    'content-disposition': 'attachment; filename="retained"',
    'x-pprofd-pid': String(target.pid),
    'x-pprofd-attach-ms': /^\d+\.\d$/,
    'x-pprofd-pause-ms': /^\d+\.\d$/,
  })
  t.strictSame(checkValid(answer.rawPayload, { nowMs: Date.now() }), [])
  t.strictSame(await listeningPorts(target.pid), [], 'its inspector is closed again')
  t.match(
    log.filter(({ msg }) => msg === 'retained capture ended'),
    [
      {
        target: String(target.pid),
        force: false,
        outcome: 'ok',
        pauseMs: Number,
        snapshotBytes: Number,
        objects: Number,
        openedInspector: true,
        sizeBytes: answer.rawPayload.length,
      },
    ],
  )
  const profile = decodeProfile(answer.rawPayload)
  t.match(
    profile.comments[0],
    new RegExp(`^heap snapshot of busy\\.cjs \\(pid ${target.pid}, Node v`),
  )
  t.match(profile.comments[1], /^\d+ bytes of JSON, which stopped the target for at most \d+ ms$/)
  const location = profile.locations[0]
  const symbol = await app.inject(`/debug/pprof/symbol?0x${location?.address.toString(16)}`)
  t.match(symbol.body, location?.lines[0]?.function?.name)
})

t.test('what is not allowed, not understood or too large is refused', async (t) => {
  const target = await spawnTarget(t, 'idle.cjs', ownPort)
  const path = `/targets/${target.pid}/debug/pprof/retained`
  const forbidding = startApp(t, { targets: { profiles: ['profile'] } })
  const forbidden = await forbidding.app.inject(path)
  t.equal(forbidden.statusCode, 403)
  t.equal((await forbidding.app.inject(`${path}?force=2`)).statusCode, 400)

  const small = startApp(t, { limits: { ...limits, maxRetainedBytes: 1_000_000 } })
  const tooLarge = await small.app.inject(path)
  t.equal(tooLarge.statusCode, 409, tooLarge.body)
  t.match(tooLarge.body, /takes \d+ MB of pprofd's memory, and limits\.maxRetainedBytes is 1 MB/)

  const quick = startApp(t, { limits: { ...limits, maxPauseMs: 1 } })
  const tooLong = await quick.app.inject(path)
  t.equal(tooLong.statusCode, 409)
  t.match(tooLong.body, /limits\.maxPauseMs is 1/)
  t.equal((await quick.app.inject(`${path}?force=1`)).statusCode, 200)
  t.strictSame(await listeningPorts(target.pid), [])
  t.ok(target.isAlive())
})

t.test('two run at once, a third is told when to come back', async (t) => {
  const target = await spawnTarget(t, 'idle.cjs', ownPort)
  const { app } = startApp(t)
  const path = `/targets/${target.pid}/debug/pprof/retained`
  const answers = await Promise.all([1, 2, 3].map(() => app.inject(path)))
  t.strictSame(answers.map(({ statusCode }) => statusCode).sort(), [200, 200, 429])
  const refused = answers.find(({ statusCode }) => statusCode === 429)
  t.equal(refused?.headers['retry-after'], '30')
  t.match(refused?.body, /2 heap snapshots are being analysed already/)
  t.equal((await app.inject(path)).statusCode, 200, 'afterwards there is room again')
})
