import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { startApp } from './start-app.ts'

const ownPort = { nodeArguments: ['--inspect-port=0'] }

t.test('a CPU profile of a plain process comes as Go sends it', async (t) => {
  const target = await spawnTarget(t, 'busy.cjs', ownPort)
  const { app, log } = startApp(t)
  const answer = await app.inject(`/targets/${target.pid}/debug/pprof/profile?seconds=1&debug=1`)
  t.equal(answer.statusCode, 200)
  t.match(answer.headers, {
    'content-type': 'application/octet-stream',
    'content-disposition': 'attachment; filename="profile"',
    'content-length': String(answer.rawPayload.length),
    'x-content-type-options': 'nosniff',
    'x-pprofd-pid': String(target.pid),
    'x-pprofd-attach-ms': /^\d+\.\d$/,
    'x-pprofd-start-pause-ms': /^\d+\.\d$/,
    'x-pprofd-stop-pause-ms': /^\d+\.\d$/,
  })
  t.notOk(answer.headers['content-encoding'])
  t.strictSame(checkValid(answer.rawPayload, { nowMs: Date.now() }), [])
  t.strictSame(await listeningPorts(target.pid), [], 'its inspector is closed again')
  const audit = log.filter(({ msg }) => msg === 'cpu capture ended')
  t.equal(audit.length, 1)
  t.match(audit[0], {
    target: String(target.pid),
    pid: process.pid,
    targetPid: target.pid,
    seconds: 1,
    hz: 100,
    format: 'pprof',
    outcome: 'ok',
    openedInspector: true,
    sizeBytes: answer.rawPayload.length,
    startPauseMs: Number,
    stopPauseMs: Number,
    attachMs: Number,
    elapsedMs: Number,
  })
})

t.test('symbol names the addresses of a profile, with any target or none', async (t) => {
  const target = await spawnTarget(t, 'busy.cjs', ownPort)
  const { app } = startApp(t)
  const { rawPayload } = await app.inject(`/debug/pprof/profile?target=${target.pid}&seconds=1`)
  const { locations } = decodeProfile(gunzipSync(rawPayload))
  const addresses = locations.slice(0, 3).map(({ address }) => `0x${BigInt(address).toString(16)}`)
  const asked = addresses.join('+')
  const expected = new RegExp(`^num_symbols: 1\n${addresses.map((a) => `${a} .+\n`).join('')}$`)
  for (const prefix of ['', '/targets/self', '/targets/nobody']) {
    const answer = await app.inject(`${prefix}/debug/pprof/symbol?${asked}`)
    t.equal(answer.headers['content-type'], 'text/plain; charset=utf-8')
    t.match(answer.body, expected, prefix)
    for (const type of ['application/octet-stream', 'application/x-www-form-urlencoded']) {
      const posted = await app.inject({
        method: 'POST',
        url: `${prefix}/debug/pprof/symbol?target=7`,
        headers: { 'content-type': type },
        body: asked,
      })
      t.equal(posted.body, answer.body, `${prefix} ${type}`)
    }
  }
  const [first = ''] = addresses
  const others = `0+nonsense+${first}+0x1+%30+08+-1+${BigInt(first)}+0${BigInt(first).toString(8)}+0xffffffffffffffffff`
  const lines = (await app.inject(`/debug/pprof/symbol?${others}`)).body.split('\n')
  t.equal(lines.length, 5, 'only the three spellings of the known address are answered')
  t.ok(lines.slice(1, 4).every((line) => line === lines[1]))
  t.equal((await app.inject('/debug/pprof/symbol')).body, 'num_symbols: 1\n')
  t.equal(
    (await app.inject({ method: 'POST', url: '/debug/pprof/symbol' })).body,
    'num_symbols: 1\n',
  )
})

t.test('the other formats have their own type and file name', async (t) => {
  const target = await spawnTarget(t, 'busy.cjs', ownPort)
  const { app } = startApp(t)
  const path = `/targets/${target.pid}/debug/pprof/profile?seconds=1`
  const cases = [
    ['cpuprofile', 'application/json; charset=utf-8', '.cpuprofile', /^\{"nodes":\[/],
    ['speedscope', 'application/json; charset=utf-8', '.speedscope.json', /"\$schema"/],
    ['collapsed', 'text/plain; charset=utf-8', '.collapsed', /;.*burnSixty.* \d+\n/],
    ['markdown', 'text/markdown; charset=utf-8', '.md', /burnSixty/],
  ] as const
  await Promise.all(
    cases.map(async ([format, type, extension, content]) => {
      const answer = await app.inject(`${path}&format=${format}`)
      t.equal(answer.headers['content-type'], type)
      t.equal(
        answer.headers['content-disposition'],
        `attachment; filename="profile-${target.pid}${extension}"`,
      )
      t.match(answer.body, content, format)
    }),
  )
  t.strictSame(await listeningPorts(target.pid), [])
})

t.test('a bad parameter is refused before the target is looked for', async (t) => {
  const { app, log } = startApp(t)
  const cases = [
    ['seconds=abc', 'seconds must be a whole number from 1 to 60, not "abc"'],
    ['seconds=0', 'seconds must be a whole number from 1 to 60, not "0"'],
    ['seconds=-1', 'seconds must be a whole number from 1 to 60, not "-1"'],
    ['seconds=1e9', 'seconds must be a whole number from 1 to 60, not "1e9"'],
    ['seconds=61', 'seconds must be a whole number from 1 to 60, not "61"'],
    ['seconds=1.5', 'seconds must be a whole number from 1 to 60, not "1.5"'],
    ['seconds=0&seconds=1', 'seconds must be a whole number from 1 to 60, not "0"'],
    ['hz=1001', 'hz must be a whole number from 1 to 1000, not "1001"'],
    [
      'format=svg',
      'format must be one of pprof, cpuprofile, speedscope, collapsed, markdown, not "svg"',
    ],
  ] as const
  for (const [query, sentence] of cases) {
    const answer = await app.inject(`/targets/nobody/debug/pprof/profile?${query}`)
    t.equal(answer.statusCode, 400, query)
    t.equal(answer.body, `${sentence}\n`)
    t.equal(answer.headers['x-go-pprof'], '1')
  }
  t.strictSame(log, [])
})

t.test('repeated, empty and unknown parameters do no harm', async (t) => {
  const { app } = startApp(t, { profile: { seconds: 1, hz: 50 } })
  const query = 'seconds=&seconds=900&hz=&type=cpu&debug=x&__proto__=1'
  const answer = await app.inject(`/targets/self/debug/pprof/profile?${query}`)
  t.equal(answer.statusCode, 200)
  t.strictSame(checkValid(answer.rawPayload), [])
})

t.test('what cannot be attached to is refused with the reason, and lives on', async (t) => {
  const target = await spawnTarget(t, 'sigusr1-removed.cjs', ownPort)
  const { app, log } = startApp(t)
  const answer = await app.inject(`/targets/${target.pid}/debug/pprof/profile?seconds=1`)
  t.equal(answer.statusCode, 409)
  t.match(answer.body, /^[^\n]*SIGUSR1[^\n]*\n$/)
  t.match(log, [{ msg: 'cpu capture ended', outcome: 'target-refused', targetPid: target.pid }])
  t.ok(target.isAlive())
})
