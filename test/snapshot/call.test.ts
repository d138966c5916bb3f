import t from 'tap'
import { type Call, Calls } from '../../src/snapshot/call.ts'
import type { Package, Sources } from '../../src/snapshot/packages.ts'
import { installedPackage, localFiles } from '../../src/snapshot/packages.ts'
import { at, shop } from './recordings.ts'

const packages: readonly Package[] = [
  { name: 'shop', version: '1.0.0', folder: '/srv/shop' },
  { name: '@shop/stock', version: '2.0.0', folder: '/srv/shop/packages/stock' },
  { name: 'tax', version: '0.9.0', folder: '/opt/tax' },
  { name: 'express', version: '4.19.2', folder: '/srv/shop/node_modules/express' },
  { name: 'other', version: '1.0.0', folder: '/srv/shop/node_modules/q/esm' },
].map((known) => ({ ...known, repository: '', repositoryFolder: '' }))

const known: Sources = {
  workingDirectory: '/srv/shop',
  mainFolder: '/srv/shop/',
  packageOf: (path) => packages.findLast(({ folder }) => path.startsWith(`${folder}/`)),
}

type Place = Pick<Call, 'location' | 'package' | 'version' | 'path'>

function place(url: string, sources: Sources, line = 3): Place {
  const {
    location,
    package: name,
    version,
    path,
  } = new Calls(sources).of({
    function: 'f',
    url,
    line,
    column: 1,
  })
  return { location, package: name, version, path }
}

/** URL, class, package and version, path. */
const withPackages: readonly (readonly [string, Place['location'], string, string])[] = [
  ['file:///srv/shop/src/a.js', 'main', 'main@1.0.0', 'src/a.js'],
  ['/srv/shop/a%20b.js', 'main', 'main@1.0.0', 'a%20b.js'],
  ['webpack://shop/./src/a.ts', 'main', 'main@', 'shop/src/a'],
  [
    'file:///srv/shop/packages/stock/i.js',
    'application',
    '@shop/stock@2.0.0',
    'packages/stock/i.js',
  ],
  ['file:///opt/tax/lib/rate.js', 'linked', 'tax@0.9.0', 'lib/rate.js'],
  ['/home/me/x.js', 'linked', 'linked@', '/home/me/x.js'],
  ['/srv/shop/node_modules/express/lib/r.js', 'dependency', 'express@4.19.2', 'lib/r.js'],
  ['/srv/shop/node_modules/q/esm/q.js', 'dependency', 'q@', 'esm/q.js'],
  [
    '/x/node_modules/.pnpm/@a+b@1.2.3_c@4.0.0/node_modules/@a/b/i.js',
    'dependency',
    '@a/b@1.2.3',
    'i.js',
  ],
  ['node:internal/timers', 'runtime', 'node@', 'internal/timers'],
  ['wasm://wasm/0a1b', 'unknown', '@', 'wasm://wasm/0a1b'],
  ['http://evil/a.js', 'unknown', '@', 'http://evil/a.js'],
  ['', 'unknown', '@', '(eval)'],
]

for (const [url, location, name, path] of withPackages) {
  t.test(`${url || 'evaluated code'} is of class ${location}`, (t) => {
    const found = place(url, known)
    t.same(
      [found.location, `${found.package}@${found.version}`, found.path],
      [location, name, path],
    )
    t.end()
  })
}

t.test('without packages, the folders decide', (t) => {
  const bare: Sources = { workingDirectory: '/srv/shop/', mainFolder: '/srv/shop/apps/web' }
  t.match(place('/srv/shop/apps/web/a.js', bare), { location: 'main', path: 'apps/web/a.js' })
  t.match(place('/srv/shop/lib/a.js', bare), { location: 'application', package: 'application' })
  t.match(place('/opt/a.js', bare), { location: 'linked' })
  t.match(place('/opt/a.js', { workingDirectory: '' }), { location: 'linked', path: '/opt/a.js' })
  t.match(place('', bare, 0), { location: 'unknown', path: '' })
  t.end()
})

t.test('equal frames are one call, and names are fit to be shown', (t) => {
  const calls = new Calls(known)
  t.equal(calls.of(at('f src/a.js:1:2')), calls.of(at('f src/a.js:1:2')))
  const [a, b, c] = ['f src/a.js:1:2', 'f src/a.js:1:3', 'f src/a.js:2:2'].map((text) => {
    return calls.of(at(text))
  })
  t.equal(a?.placeId, b?.placeId)
  t.not(a?.id, b?.id)
  t.not(a?.placeId, c?.placeId)
  t.equal(calls.of(at('f /srv/shop/src/a.js:1:2')).placeId, a?.placeId, 'a file URL is its path')
  const hostile = calls.of({ function: '\u001b[31m', url: '/\u009b', line: 1, column: 1 })
  t.same([hostile.function, hostile.file], ['\ufffd[31m', '/\ufffd'])
  t.equal(calls.of({ function: '', url: '', line: 0, column: 0 }).function, '(anonymous)')
  t.ok(calls.of({ function: 'x'.repeat(9999), url: '', line: 0, column: 0 }).function.length < 600)
  t.end()
})

t.test('paths tell installed packages and what pnpm says of their versions', (t) => {
  const store = '/x/node_modules/.pnpm'
  const cases: readonly (readonly [string, string, string])[] = [
    ['/x/node_modules/a/i.js', 'a@', '/x/node_modules/a'],
    ['/x/node_modules/a/node_modules/@b/c/i.js', '@b/c@', '/x/node_modules/a/node_modules/@b/c'],
    [`${store}/a@1.0.0-rc.1(b@2.0.0)/node_modules/a/i.js`, 'a@1.0.0-rc.1', ''],
    [`${store}/a@1.0.0/node_modules/b/i.js`, 'b@', ''],
    [`${store}/a@file+..+a/node_modules/a/i.js`, 'a@', ''],
  ]
  for (const [path, name, folder] of cases) {
    const found = installedPackage(path)
    t.equal(`${found?.name}@${found?.version}`, name)
    if (folder !== '') t.equal(found?.folder, folder)
  }
  for (const path of ['/x/a.js', '/x/node_modules/a.js', '/my_node_modules/a/i.js', '']) {
    t.equal(installedPackage(path), undefined)
  }
  t.end()
})

t.test('only files on the disk of the target have packages to look up', (t) => {
  t.same([...localFiles(shop)].sort(), [
    '/opt/tax/lib/rate.js',
    '/srv/shop/node_modules/.pnpm/passport@0.7.0/node_modules/passport/lib/a.js',
    '/srv/shop/node_modules/express/lib/router/layer.js',
    '/srv/shop/packages/stock/poll.js',
    '/srv/shop/src/app.js',
    '/srv/shop/src/auth.js',
    '/srv/shop/src/checkout.js',
    '/srv/shop/src/mutex.js',
    '/srv/shop/src/worker.js',
  ])
  t.end()
})
