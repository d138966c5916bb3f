// What the landing page's script asks for: files, figures, captures and what is kept of them.
import { setTimeout as delay } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { checkValid } from '../../src/pprof/check-valid.ts'
import type { Recorded } from '../../src/server/page/recorded.ts'
import { ResultStore } from '../../src/server/page/result-store.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { until } from '../targets/new-targets.ts'
import { listenAnywhere, startApp } from './start-app.ts'

interface Kept {
  readonly id: string
  readonly view: string
  readonly seconds: number
  readonly remainingMs: number
  readonly files: readonly { readonly name: string; readonly path: string }[]
}

t.test('files of the package are the same for everybody, and may be kept', async (t) => {
  const { app } = startApp(t)
  const { body } = await app.inject('/')
  const assets = [...body.matchAll(/(?:href|src)="(\/ui\/page\/[^"]+)"/g)].map(([, path]) => path)
  t.equal(assets.length, 4, assets.join(' '))
  for (const path of assets) {
    const { statusCode, headers } = await app.inject(path ?? '')
    t.equal(statusCode, 200, path ?? '')
    t.match(headers['cache-control'], /^private, max-age=\d+, immutable$/)
    t.match(headers['content-type'], /^(text\/(css|javascript)|image\/svg)/)
    t.equal(headers['x-content-type-options'], 'nosniff')
  }
  const other = await app.inject(String(assets[0]).replace(/page\/[\w-]+/, 'page/another'))
  t.equal(other.statusCode, 404, 'another version is not served')
  for (const path of ['/ui/page/x/..%2f..%2fmain.js', '/ui/speedscope/..%2fpage%2fmain.js']) {
    t.equal((await app.inject(path)).statusCode, 404, path)
  }

  const speedscope = await app.inject('/ui/speedscope/')
  t.match(speedscope.body, /<script src="speedscope-\w+\.js">/)
  t.equal(speedscope.headers['cache-control'], 'no-store', 'its names change with a release')
  const policy = String(speedscope.headers['content-security-policy'])
  t.match(policy, /^default-src 'none'; /)
  t.notMatch(policy, /'unsafe-(inline|eval)'|https?:|\*/)
  const script = /src="(speedscope-\w+\.js)"/.exec(speedscope.body)?.[1] ?? ''
  const packed = await app.inject({
    url: `/ui/speedscope/${script}`,
    headers: { 'accept-encoding': 'gzip, br' },
  })
  t.match(packed.headers, { 'content-encoding': 'gzip', 'cache-control': /immutable/ })
  t.ok(packed.rawPayload.length < 200_000, `${packed.rawPayload.length} bytes`)
  t.match(gunzipSync(packed.rawPayload).toString('latin1', 0, 1000), /function/)
  t.equal((await app.inject('/ui/speedscope/LICENSE.txt')).statusCode, 200)

  const perfetto = await app.inject('/ui/perfetto/')
  t.equal(perfetto.headers['cross-origin-opener-policy'], 'same-origin-allow-popups')
  t.notMatch(perfetto.body, /VERSION|<script>/)
})

t.test('captures of the page', async (t) => {
  const target = await spawnTarget(t, 'busy.cjs', { nodeArguments: ['--inspect-port=0'] })
  const { app, targets } = startApp(t)
  const base = `http://127.0.0.1:${await listenAnywhere(app)}`
  const post = (query: string, init: RequestInit = {}) =>
    fetch(`${base}/ui/captures?target=${target.pid}&${query}`, { method: 'POST', ...init })
  const captures = async () => Object(await (await fetch(`${base}/captures`)).json()).captures

  await t.test('nothing but a POST of its own origin starts one', async (t) => {
    const got = await fetch(`${base}/ui/captures?target=${target.pid}&kind=profile&seconds=1`)
    t.equal(got.status, 405)
    t.equal(got.headers.get('allow'), 'POST')
    const foreign = await post('kind=profile', { headers: { Origin: 'http://a.example' } })
    t.equal(foreign.status, 403)
    const nullOrigin = await post('kind=profile', { headers: { Origin: 'null' } })
    t.equal(nullOrigin.status, 403)
    for (const [query, said] of [
      ['kind=nope', 'kind must be one of profile, wall, heap, goroutine, trace, retained, '],
      ['', 'kind must be one of '],
      ['kind=wall&seconds=0', 'seconds must be a whole number from 1 to 60, not "0"'],
      ['kind=wall&force=yes', 'force must be one of 0, 1, not "yes"'],
    ] as const) {
      const answer = await post(query)
      t.equal(answer.status, 400, query)
      t.ok((await answer.text()).startsWith(said), query)
    }
    t.strictSame(await captures(), [])
  })

  await t.test('each kind is kept in all its formats', async (t) => {
    const kinds = {
      profile: ['.speedscope.json', '.pb.gz', '.collapsed', '.md', '.cpuprofile'],
      wall: ['.pb.gz', '.collapsed'],
      heap: ['.pb.gz', '.txt', '.heapprofile'],
      goroutine: ['.pb.gz', '.txt', '.json', '.md'],
      trace: ['.json'],
      block: ['.pb.gz', '.txt'],
      mutex: ['.pb.gz', '.txt'],
      retained: ['.pb.gz'],
    }
    const check = async ([kind, extensions]: readonly [string, readonly string[]]) => {
      const answer = await post(`kind=${kind}&seconds=1`)
      const text = await answer.text()
      t.equal(answer.status, 200, `${kind}: ${text.slice(0, 300)}`)
      const kept: Kept = JSON.parse(text)
      t.strictSame(
        kept.files.map(({ name }) => /\d+(\..*)$/.exec(name)?.[1]),
        extensions,
        kind,
      )
      const url = new URL(kept.view, base)
      t.equal(url.pathname, '/ui/speedscope/')
      t.equal(new URLSearchParams(url.hash.slice(1)).get('profileURL'), kept.files[0]?.path)
      t.ok(kept.remainingMs > 60_000)
      for (const { name, path } of kept.files) {
        const file = await fetch(`${base}${path}`)
        t.equal(file.status, 200, name)
        t.equal(file.headers.get('content-disposition'), `attachment; filename="${name}"`)
        const bytes = new Uint8Array(await file.arrayBuffer())
        t.ok(bytes.length > 0, name)
        if (name.endsWith('.pb.gz')) t.strictSame(checkValid(bytes), [], name)
        if (/json$|profile$/.test(name)) t.ok(JSON.parse(Buffer.from(bytes).toString()), name)
      }
    }
    const [last, ...others] = Object.entries(kinds).reverse()
    // As many as may run of one target.
    for (let at = 0; at < others.length; at += 4) {
      await Promise.all(others.slice(at, at + 4).map(check))
    }
    if (last) await check(last)
    const { results } = Object(await (await fetch(`${base}/ui/results`)).json())
    t.equal(results.length, Object.keys(kinds).length)
    t.equal(results[0].kind, 'retained', 'the newest first')
    t.equal((await captures()).length, Object.keys(kinds).length, 'each is in the list of all')
    // A request of nobody that is known: as another user's.
    t.equal((await app.inject(results[0].files[0].path)).statusCode, 404)
    t.strictSame((await app.inject('/ui/results')).json(), { results: [] })
    t.equal((await fetch(`${base}/ui/results/${results[0].id}/nope`)).status, 404)
    t.equal((await fetch(`${base}/ui/results/nope/nope`)).status, 404)
  })

  await t.test('a client that leaves ends its capture', async (t) => {
    const leaving = new AbortController()
    const waiting = post('kind=profile&seconds=50', { signal: leaving.signal })
    t.ok(await until(async () => (await captures())[0]?.state === 'running'))
    leaving.abort()
    await t.rejects(waiting)
    t.ok(await until(async () => (await captures())[0]?.state === 'aborted'))
  })

  await t.test('figures are what the kernel counts', async (t) => {
    const { targets: all, kinds, maxSeconds } = (await app.inject('/ui/targets')).json()
    t.equal(maxSeconds, 60)
    t.match(kinds[0], { kind: 'profile', label: 'CPU', seconds: 10 })
    const shown = all.find(({ pid }: { pid: number }) => pid === target.pid)
    t.match(shown, { name: 'busy.cjs', path: `/targets/${target.pid}`, nodeVersion: /^v\d+\./ })
    t.match(shown.figures, { cpuMs: Number, residentBytes: Number, threads: Number })
    t.ok(shown.figures.cpuMs > 0 && shown.figures.uptimeSeconds >= 1)
    t.strictSame(shown.denied, {})
    const known = await targets.resolve(String(target.pid))
    const later = { ...known, startTimeTicks: known.startTimeTicks + 1n }
    t.equal(await targets.figures(later), undefined, 'another process with its pid')
    t.equal(await targets.figures({ ...known, pid: 0 }), undefined, 'a port')
  })
})

t.test('what may not be taken is named with its reason', async (t) => {
  const configured = [
    { name: 'a', port: 1, enabled: true, signal: false, profiles: ['heap' as const] },
  ]
  const { app } = startApp(t, { targets: { configured, discover: false } })
  const [first] = (await app.inject('/ui/targets')).json().targets
  t.match(first, { id: 'a', pid: null, figures: null, nodeVersion: null })
  t.match(first.denied.profile, /^the configuration allows no profile of a/)
  t.match(first.denied.heapsnapshot, /^the configuration allows no heapsnapshot of a/)
  t.notOk('heap' in first.denied || 'allocs' in first.denied)
  const refused = await app.inject({ method: 'POST', url: '/ui/captures?target=a&kind=profile' })
  t.equal(refused.statusCode, 403)
})

t.test('results are few, bounded in bytes, and gone after a while', async (t) => {
  const limits = { resultsPerUid: 2, results: 3, bytes: 100, keepMs: 60_000 }
  const store = new ResultStore(limits)
  t.teardown(() => store.clear())
  const first = store.keep(headOf(1), recorded(10))
  t.equal(store.find(first.id, 1)?.id, first.id)
  t.equal(store.find(first.id, 2), undefined, "another user's")
  t.equal(store.find(first.id, undefined), undefined)
  store.keep(headOf(1), recorded(10))
  const third = store.keep(headOf(1), recorded(10))
  t.equal(store.find(first.id, 1), undefined, 'the oldest of the user has gone')
  t.equal(store.of(1)[0]?.id, third.id)
  const nobodys = store.keep(headOf(undefined), recorded(10))
  t.equal(store.find(nobodys.id, undefined)?.id, nobodys.id, 'whoever knows it was told')
  t.strictSame(store.of(undefined), [], 'but nobody is told it')
  store.keep(headOf(2), recorded(10))
  t.equal(store.count, 3, 'of all users')
  store.keep(headOf(3), recorded(500))
  t.strictSame([store.count, store.sizeBytes], [1, 500], 'a large one is kept alone')
  store.keep(headOf(2), recorded(10))
  t.strictSame([store.count, store.sizeBytes], [1, 10])

  const brief = new ResultStore({ ...limits, keepMs: 30 })
  brief.keep(headOf(1), recorded(10))
  await delay(20)
  brief.keep(headOf(2), recorded(10))
  t.ok(await until(() => brief.count === 0))
  t.equal(brief.sizeBytes, 0)
})

function headOf(uid: number | undefined) {
  const target = { id: '1', name: 'a', pid: 1 }
  return { kind: 'profile', label: 'CPU', target, uid, seconds: 1, captureId: 'x' }
}

function recorded(sizeBytes: number): Recorded {
  return { cost: {}, nodeVersion: 'v20.0.0', files: [], sizeBytes }
}
