// What requests say of source maps and packages, over real targets.
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import { checkout } from '../fixtures/support/checkout.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { startApp } from './start-app.ts'

t.setTimeout(240_000)

const bundle = join(checkout, 'test/fixtures/maps/built/esbuild-cjs-min.cjs')
const nodeArguments = ['--inspect-port=0', '--no-opt']
const written = /src\/numbers\.sumRoots/
const asItRuns = /built\/esbuild-cjs-min\./

const cases: readonly (readonly [query: string, sourceMaps: boolean, isMapped: boolean])[] = [
  ['', true, true],
  ['&sourcemaps=', true, true],
  ['&sourcemaps=0', true, false],
  ['', false, false],
  ['&sourcemaps=1', false, true],
]

t.test('sourcemaps and the configuration say whether source maps are applied', async (t) => {
  const target = await spawnTarget(t, bundle, { nodeArguments })
  const base = `/targets/${target.pid}/debug/pprof`
  for (const [query, sourceMaps, isMapped] of cases) {
    const { app } = startApp(t, { sources: { sourceMaps } })
    for (const url of ['profile?seconds=1&format=collapsed', 'allocs?debug=1']) {
      const { statusCode, body } = await app.inject(`${base}/${url}${query}`)
      t.equal(statusCode, 200, body)
      t.equal(written.test(body), isMapped, `${url}${query} is mapped: ${isMapped}`)
      t.equal(asItRuns.test(body), !isMapped)
      if (url.startsWith('allocs')) t.equal(/^# source maps: applied to 1 /m.test(body), isMapped)
    }
  }
})

t.test('any other value is refused', async (t) => {
  const { app } = startApp(t)
  for (const url of ['profile', 'heap']) {
    const { statusCode, body } = await app.inject(`/targets/self/debug/pprof/${url}?sourcemaps=yes`)
    t.equal(statusCode, 400)
    t.match(body, /sourcemaps/)
  }
})

t.test('V8 itself is asked for cpuprofile, whatever the map says', async (t) => {
  const target = await spawnTarget(t, bundle, { nodeArguments })
  const { app } = startApp(t)
  const url = `/targets/${target.pid}/debug/pprof/profile?seconds=1&format=cpuprofile`
  const { body } = await app.inject(url)
  t.match(body, 'esbuild-cjs-min.cjs')
  t.notMatch(body, 'numbers.ts')
})

const burner = `exports.burn = function burn() {
  const kept = []
  for (let i = 0; i < 2e4; i++) kept.push({ i, text: require('node:util').format('%d', i) })
  return kept.length
}`

t.test('samples of dependencies have their package, what Node does for them, too', async (t) => {
  const folder = t.testdir({
    'main.cjs': `const { burn } = require('@acme/burner')
    function own() { let n = 0; for (let i = 0; i < 1e6; i++) n += i % 7; return n }
    setInterval(() => { burn(); own() }, 1)
    console.log('ready ' + JSON.stringify({ pid: process.pid }))`,
    node_modules: {
      '@acme': {
        burner: {
          'package.json': JSON.stringify({ name: '@acme/burner', version: '1.2.3' }),
          lib: { 'package.json': '{"type":"commonjs"}', 'index.js': burner },
          'index.js': `module.exports = require('./lib/index.js')`,
        },
      },
    },
  })
  const target = await spawnTarget(t, join(folder, 'main.cjs'), { nodeArguments })
  const { app } = startApp(t)
  for (const path of ['profile?seconds=1', 'allocs']) {
    const { rawPayload } = await app.inject(`/targets/${target.pid}/debug/pprof/${path}`)
    const { samples } = decodeProfile(gunzipSync(rawPayload))
    const packagesOf = (name: string) =>
      samples
        .filter(({ stack }) => stack.some((one) => one?.lines[0]?.function?.name.endsWith(name)))
        .map(({ labels }) => labels.find(({ key }) => key === 'package')?.str)
    const ofDependency = packagesOf('@acme/burner/lib/index.burn')
    t.ok(ofDependency.length > 0, path)
    t.strictSame(new Set(ofDependency), new Set(['@acme/burner@1.2.3']), path)
    const ofApplication = new Set(packagesOf('/main.own'))
    t.ok(path === 'allocs' || ofApplication.has(undefined), path)
    t.notOk(ofApplication.has('@acme/burner@1.2.3'))
  }
})
