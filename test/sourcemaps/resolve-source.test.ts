import t from 'tap'
import { bundlerPath, packageFolder, resolveSource } from '../../src/sourcemaps/resolve-source.ts'

t.test('sources are paths relative to their map', (t) => {
  const cases: readonly (readonly [source: string, root: string, map: string, path: string])[] = [
    ['../src/a.ts', '', '/srv/dist/a.js.map', '/srv/src/a.ts'],
    ['a.ts', '/abs/src', '/srv/dist/a.js.map', '/abs/src/a.ts'],
    ['a.ts', '../src/', '/srv/dist/a.js.map', '/srv/src/a.ts'],
    ['/abs/a.ts', 'src', '/srv/a.js.map', '/abs/a.ts'],
    ['a%20b.ts', '', '/srv/a.js.map', '/srv/a b.ts'],
    ['100%.ts', '', '/srv/a.js.map', '/srv/100%.ts'],
    ['../../../../etc/passwd', '', '/srv/a.js.map', '/etc/passwd'],
    ['file:///srv/src/a.ts', 'x', '/srv/a.js.map', '/srv/src/a.ts'],
    ['C:\\work\\a.ts', '', '/srv/a.js.map', 'C:/work/a.ts'],
    ['webpack://shop/./a.ts', '', '/srv/a.js.map', 'webpack://shop/./a.ts'],
    ['a.ts', 'webpack://shop/', '/srv/a.js.map', 'webpack://shop/a.ts'],
    ['../src/a.ts', '', '/s/node_modules/x/dist/a.js.map', '/s/node_modules/x/src/a.ts'],
    ['../../../src/a.ts', '', '/s/node_modules/x/a.js.map', '/s/node_modules/x/src/a.ts'],
    ['../../../../a.ts', '', '/s/node_modules/@y/x/a.js.map', '/s/node_modules/@y/x/a.ts'],
  ]
  for (const [source, root, map, path] of cases) t.equal(resolveSource(source, root, map), path)
  t.end()
})

t.test('the innermost package has the file', (t) => {
  t.equal(
    packageFolder('/s/node_modules/a/node_modules/@b/c/x.js'),
    '/s/node_modules/a/node_modules/@b/c',
  )
  t.equal(packageFolder('/s/src/x.js'), undefined)
  t.end()
})

t.test("bundlers' URLs hold paths of the project", (t) => {
  const cases: readonly (readonly [url: string, path: string | undefined])[] = [
    ['webpack://shop/./src/a.ts?1f2e', 'src/a.ts'],
    ['webpack:///./src/a%20b.ts', 'src/a b.ts'],
    ['webpack://shop/../shared/a.ts', '../shared/a.ts'],
    ['turbopack:///[project]/src/a.ts', 'src/a.ts'],
    ['webpack://shop/webpack/bootstrap', undefined],
    ['webpack://shop/external "fs"', undefined],
    ['webpack://shop/(webpack)/x.js', undefined],
    ['https://example.org/a.ts', undefined],
    ['/srv/a.ts', undefined],
  ]
  for (const [url, path] of cases) t.equal(bundlerPath(url), path, url)
  t.end()
})
