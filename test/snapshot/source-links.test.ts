import t from 'tap'
import { Calls } from '../../src/snapshot/call.ts'
import type { Package } from '../../src/snapshot/packages.ts'
import { packageLink, sourceLink } from '../../src/snapshot/source-links.ts'

const root = '/srv/shop/node_modules/q'

function links(
  url: string,
  found: Partial<Package> = {},
  nodeVersion = 'v20.20.2',
): readonly (string | undefined)[] {
  const package_ = {
    name: 'q',
    version: '1.2.3',
    folder: root,
    repository: '',
    repositoryFolder: '',
  }
  const calls = new Calls({
    workingDirectory: '/srv/shop',
    packageOf: (path) => (path.startsWith(root) ? { ...package_, ...found } : undefined),
  })
  const call = calls.of({ function: 'f', url, line: 7, column: 1 })
  return [sourceLink(call, { nodeVersion }), packageLink(call, { nodeVersion })]
}

const npm = 'https://www.npmjs.com/package/q/v/1.2.3'
const github = 'https://github.com/a/q/blob/v1.2.3/lib/i.js#L7'

const runtime: readonly (readonly [url: string, source: string, docs: string | undefined])[] = [
  ['node:fs', 'lib/fs.js', 'fs'],
  ['node:fs/promises', 'lib/fs/promises.js', 'fs'],
  ['node:internal/timers', 'lib/internal/timers.js', undefined],
  ['node:internal/deps/undici/undici', 'deps/undici/undici.js', undefined],
]
for (const [url, source, docs] of runtime) {
  t.test(`${url} leads to its source at the target's version`, (t) => {
    t.same(links(url), [
      `https://github.com/nodejs/node/blob/v20.20.2/${source}#L7`,
      docs && `https://nodejs.org/docs/v20.20.2/api/${docs}.html`,
    ])
    t.same(links(url, {}, 'v23.0.0-nightly'), [undefined, undefined], 'no release, no tag')
    t.end()
  })
}

const repositories: readonly (readonly [repository: string, source: string])[] = [
  ['a/q', github],
  ['github:a/q', github],
  ['https://github.com/a/q', github],
  ['git+https://github.com/a/q.git', github],
  ['git://github.com/a/q.git#main', github],
  ['git+ssh://git@github.com/a/q.git', github],
  ['git@github.com:a/q.git', github],
  ['gitlab:a/q', 'https://gitlab.com/a/q/-/blob/v1.2.3/lib/i.js#L7'],
  ['https://bitbucket.org/a/q', 'https://bitbucket.org/a/q/src/v1.2.3/lib/i.js'],
  ['', npm],
  ['javascript:alert(1)//github.com/a/q', npm],
  ['https://evil.example/github.com/a/q', npm],
  ['https://github.com.evil.example/a/q', npm],
  ['https://github.com/a/q/../../x', npm],
  ['../..', npm],
  ['a/"><script>', npm],
]
for (const [repository, source] of repositories) {
  t.test(`repository ${JSON.stringify(repository)} leads to ${source}`, (t) => {
    t.same(links(`${root}/lib/i.js`, { repository }), [source, npm])
    t.end()
  })
}

t.test('packages in a folder of their repository', (t) => {
  const [source] = links(`${root}/lib/i.js`, { repository: 'a/q', repositoryFolder: './pkgs/q/' })
  t.equal(source, 'https://github.com/a/q/blob/v1.2.3/pkgs/q/lib/i.js#L7')
  t.end()
})

t.test('versions and names that are none make no link of their own', (t) => {
  const odd = { repository: 'a/q', version: '"><b>' }
  t.same(links(`${root}/lib/i.js`, odd), [
    'https://www.npmjs.com/package/q',
    'https://www.npmjs.com/package/q',
  ])
  t.same(links('/x/node_modules/a"b/i.js'), [undefined, undefined])
  t.end()
})

t.test('application files are opened in place, or where the caller says', (t) => {
  t.same(links('file:///srv/shop/a%20b?/#x.js'), ['file:///srv/shop/a%20b', undefined])
  t.same(links('/srv/shop/ü/a#?.js')[0], 'file:///srv/shop/%C3%BC/a%23%3F.js')
  t.same(links('C:\\shop\\a.js')[0], 'file:///C:/shop/a.js')
  t.same(links('webpack://shop/./src/a.js')[0], undefined)
  for (const url of ['', 'http://evil/a.js', '/srv/../etc/passwd']) {
    t.same(links(url), [undefined, undefined])
  }
  const call = new Calls({ workingDirectory: '/srv/shop' }).of({
    function: 'f',
    url: '/srv/shop/a.js',
    line: 7,
    column: 2,
  })
  const applicationLink = (): string => 'vscode://file/srv/shop/a.js:7:2'
  const link = sourceLink(call, { nodeVersion: '', applicationLink })
  t.equal(link, 'vscode://file/srv/shop/a.js:7:2')
  t.end()
})
