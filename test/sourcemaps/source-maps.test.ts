import { join } from 'node:path'
import t from 'tap'
import { ByteCache } from '../../src/sourcemaps/byte-cache.ts'
import { SourceMaps } from '../../src/sourcemaps/source-maps.ts'
import { ask, fakePid, fakeTarget, smallMap } from './fake-target.ts'

t.setTimeout(120_000)

const script = 'function f() {}\n//# sourceMappingURL=a.js.map\n'
const target = { pid: fakePid, workingDirectory: '/srv' }

t.test('a thread answers any number of lookups at once', async (t) => {
  const files = { srv: { 'a.js': script, 'a.js.map': smallMap('a.ts') } }
  const { procRoot } = fakeTarget(t, files)
  const sourceMaps = new SourceMaps({ procRoot, budgetMs: 20_000 })
  t.teardown(() => sourceMaps.close())
  const lookups = await Promise.all(
    Array.from({ length: 8 }, () => sourceMaps.find(target, [ask('node:fs'), ask('/srv/a.js')])),
  )
  for (const { positionFor } of lookups) {
    t.match(positionFor('/srv/a.js', 0, 0), { url: '/srv/a.ts', line: 2, column: 4 })
  }
})

t.test('without files there is no thread, nor after the end', async (t) => {
  const { procRoot } = fakeTarget(t, {})
  const sourceMaps = new SourceMaps({ procRoot })
  t.strictSame((await sourceMaps.find(target, [ask('node:fs'), ask('evalmachine')])).notes, [])
  await sourceMaps.close()
  const { notes, packageOf, positionFor } = await sourceMaps.find(target, [ask('/srv/a.js')])
  t.strictSame(
    [notes, packageOf('/srv/a.js'), positionFor('/srv/a.js', 0, 0)],
    [[], undefined, undefined],
  )
})

t.test('whoever waits when it is closed goes without', async (t) => {
  const { procRoot } = fakeTarget(t, {})
  const sourceMaps = new SourceMaps({ procRoot })
  const waiting = sourceMaps.find(target, [ask('/srv/a.js')])
  await sourceMaps.close()
  t.strictSame((await waiting).notes, ['warning: source maps were not applied: pprofd is stopping'])
})

t.test('a thread that hangs is ended, and the next lookup has another', async (t) => {
  const files = { srv: { 'a.js': script, 'a.js.map': smallMap('a.ts') } }
  const { procRoot } = fakeTarget(t, files)
  // So much earlier than its own limit that the thread has not even begun.
  const sourceMaps = new SourceMaps({ procRoot, budgetMs: -999 })
  t.teardown(() => sourceMaps.close())
  for (let round = 0; round < 2; round++) {
    const { notes } = await sourceMaps.find(target, [ask('/srv/a.js')])
    t.strictSame(notes, ['warning: source maps were not applied: it took too long'])
  }
})

t.test('more positions than any program has are not looked for', async (t) => {
  const sourceMaps = new SourceMaps({ procRoot: t.testdir() })
  const many = new Array(200_001).fill(0)
  const question = { url: '/a.js', lines: many, columns: many, functionNames: many.map(String) }
  t.match((await sourceMaps.find(target, [question])).notes, [/200001 positions are too many/])
})

t.test('a cache forgets what was used least, and what changed', (t) => {
  const cache = new ByteCache<string>(100)
  cache.set('a', '1', 'A', 40)
  cache.set('b', '1', 'B', 40)
  t.equal(cache.get('a', '1'), 'A')
  cache.set('c', '1', 'C', 40)
  t.strictSame(
    [cache.get('a', '1'), cache.get('b', '1'), cache.get('c', '1')],
    ['A', undefined, 'C'],
  )
  t.equal(cache.get('a', '2'), undefined)
  t.equal(cache.usedBytes, 40)
  cache.set('c', '2', 'D', 50)
  t.equal(cache.usedBytes, 50)
  cache.set('d', '1', 'E', 101)
  t.equal(cache.get('d', '1'), undefined)
  t.equal(cache.get('c', '2'), 'D')
  t.end()
})

t.test('the name of the file of a script may need decoding', async (t) => {
  const files = { 'a b.js': 'f\n//# sourceMappingURL=a%20b.map\n', 'a b.map': smallMap('100%.ts') }
  const { procRoot } = fakeTarget(t, files)
  const sourceMaps = new SourceMaps({ procRoot, budgetMs: 20_000 })
  t.teardown(() => sourceMaps.close())
  const url = 'file:///a%20b.js'
  const { positionFor } = await sourceMaps.find(target, [ask(url)])
  t.equal(positionFor(url, 0, 0)?.url, join('/', '100%.ts'))
})
