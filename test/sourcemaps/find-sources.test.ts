import { symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { newCaches } from '../../src/sourcemaps/find-sources.ts'
import { anyColumn } from '../../src/sourcemaps/questions.ts'
import { ask, fakeTarget, lookUp, smallMap } from './fake-target.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const map = smallMap('../src/a.ts')
const comment = (url: string) => `function f() {}\n//# sourceMappingURL=${url}`

/** What `/srv/dist/a.js` holds, and the files beside it. */
const references: readonly (readonly [what: string, script: string, files: object])[] = [
  ['a relative file', comment('maps/a.map'), { maps: { 'a.map': smallMap('../../src/a.ts') } }],
  ['an absolute file', comment('/srv/dist/b.map'), { 'b.map': map }],
  ['a file URL', comment('file:///srv/dist/b%20c.map'), { 'b c.map': map }],
  ['a query', comment('b.map?v=1#x'), { 'b.map': map }],
  ['no comment and a file beside it', 'f', { 'a.js.map': map }],
  ['a missing file and one beside it', comment('gone.map'), { 'a.js.map': map }],
  [
    'a URL that is not fetched and a file beside it',
    comment('https://x/a.map'),
    { 'a.js.map': map },
  ],
  ['base64', comment(`data:application/json;charset=utf-8;base64,${base64(map)}`), {}],
  ['percent-encoded text', comment(`data:application/json,${encodeURIComponent(map)}`), {}],
  [
    'more base64 than a tail',
    comment(
      `data:application/json;base64,${base64(smallMap('../src/a.ts', { x: 'y'.repeat(9e3) }))}\n`,
    ),
    {},
  ],
  [
    'a comment in front of others',
    `${comment('b.map')}\r\n//# debugId=1-2\n/* end */\n\n`,
    { 'b.map': map },
  ],
  ['the old form', 'f\n//@ sourceMappingURL=b.map', { 'b.map': map }],
  ['the form of style sheets', 'f\n/*# sourceMappingURL=b.map */', { 'b.map': map }],
  ['a prefix against script inclusion', comment('b.map'), { 'b.map': `)]}'\n${map}` }],
  ['a byte order mark', comment('b.map'), { 'b.map': `\ufeff${map}` }],
  [
    'an index map',
    comment('b.map'),
    {
      'b.map': JSON.stringify({
        version: 3,
        sections: [
          { offset: { line: 0, column: 0 }, map: JSON.parse(map) },
          { offset: { line: 1, column: 7 }, map: JSON.parse(map) },
        ],
      }),
    },
  ],
]

for (const [what, script, files] of references) {
  t.test(`a map is found: ${what}`, async (t) => {
    const target = fakeTarget(t, { srv: { dist: { 'a.js': script, ...files } } })
    for (const url of ['/srv/dist/a.js', 'file:///srv/dist/a.js?v=1']) {
      const { positionFor, notes } = lookUp(target, [ask(url)])
      t.strictSame(positionFor(url, 0, 0), {
        url: '/srv/src/a.ts',
        line: 2,
        column: 4,
        name: undefined,
      })
      t.strictSame(notes, ['source maps: applied to 1 script'])
    }
  })
}

const plain: readonly (readonly [what: string, script: string])[] = [
  ['nothing', ''],
  ['code', 'f()'],
  ['a comment that code follows', `${comment('a.js.map')}\nf()`],
  ['text that looks like a comment', 'const s = "//# sourceMappingURL=b.map"'],
  ['a long line of letters', `f()\n//${'a'.repeat(9000)}`],
]

for (const [what, script] of plain) {
  t.test(`a script has no map: ${what}`, async (t) => {
    const target = fakeTarget(t, { srv: { 'a.js': script, 'b.map': map } })
    const { positionFor, notes } = lookUp(target, [ask('/srv/a.js')])
    t.equal(positionFor('/srv/a.js', 0, 0), undefined)
    t.notMatch(notes.join('\n'), /applied/)
  })
}

t.test('scripts without files stay as they are', async (t) => {
  const urls = ['data:text/javascript,f()', 'evalmachine.<anonymous>', 'wasm://wasm/1', 'node:fs']
  const { notes } = lookUp(
    fakeTarget(t, {}),
    [...urls, '/gone.js'].map((url) => ask(url)),
  )
  t.strictSame(notes, [])
})

t.test('missing maps are named, the first three of them', async (t) => {
  const names = ['a', 'b', 'c', 'd', 'e']
  const files = names.map((name) => [`${name}.js`, comment(`${name}.map`)])
  const target = fakeTarget(t, { srv: Object.fromEntries(files) })
  const { notes } = lookUp(
    target,
    names.map((name) => ask(`/srv/${name}.js`)),
  )
  t.strictSame(notes, [
    'source maps that are missing: /srv/a.js names /srv/a.map; /srv/b.js names /srv/b.map; /srv/c.js names /srv/c.map and 2 more',
  ])
})

t.test('links are followed as the target would', async (t) => {
  const target = fakeTarget(t, { releases: { 7: { 'a.js': comment('a.map'), 'a.map': map } } })
  symlinkSync('/releases/7', join(target.root, 'current'))
  const { positionFor } = lookUp(target, [ask('/current/a.js')])
  t.equal(positionFor('/current/a.js', 0, 0)?.url, '/src/a.ts')
})

t.test('what is known of a script is forgotten when it or its map changes', async (t) => {
  const target = fakeTarget(t, { srv: { dist: { 'a.js': comment('a.map'), 'a.map': map } } })
  const caches = newCaches(1e6)
  const find = (line = 0) => {
    const url = '/srv/dist/a.js'
    return lookUp(target, [ask(url, line)], { caches }).positionFor(url, line, 0)?.url
  }
  const write = (name: string, text: string, atSeconds: number) => {
    writeFileSync(join(target.root, 'srv/dist', name), text)
    utimesSync(join(target.root, 'srv/dist', name), atSeconds, atSeconds)
  }
  t.equal(find(), '/srv/src/a.ts')
  t.ok(caches.scripts.usedBytes > 500)
  t.equal(find(), '/srv/src/a.ts')
  t.equal(find(1), undefined, 'another position of the same script')
  write('a.map', smallMap('../src/b.ts'), 1000)
  t.equal(find(), '/srv/src/b.ts')
  write('a.map', 'no map', 2000)
  t.equal(find(), undefined)
  t.equal(find(), undefined, 'also when asked again')
  write('c.map', smallMap('../src/c.ts'), 3000)
  write('a.js', comment('c.map'), 4000)
  t.equal(find(), '/srv/src/c.ts')
})

t.test('the top level of a bundle is that of no source, of a single module it is', async (t) => {
  const bundle = { version: 3, sources: ['a.ts', 'b.ts'], names: [], mappings: 'AAAA,CCAA' }
  const target = fakeTarget(t, {
    'bundle.js': comment('bundle.map'),
    'bundle.map': JSON.stringify(bundle),
    'one.js': comment('one.map'),
    'one.map': smallMap('one.ts'),
  })
  const { positionFor } = lookUp(target, [ask('/bundle.js', 0, 0, ''), ask('/one.js', 0, 0, '')])
  t.equal(positionFor('/bundle.js', 0, 0), undefined)
  t.equal(positionFor('/one.js', 0, 0)?.url, '/one.ts')
})

t.test('positions that no file has are no questions', async (t) => {
  const target = fakeTarget(t, { 'a.js': comment('a.map'), 'a.map': map })
  const url = '/a.js'
  const columns = [2 ** 30, 0, -7, anyColumn]
  const lines = [0, 2 ** 30, 0, 0]
  const question = { url, lines, columns, functionNames: ['', '', '', ''] }
  const { positionFor } = lookUp(target, [question])
  t.strictSame(
    columns.map((column, index) => positionFor(url, lines[index] ?? 0, column)?.url),
    [undefined, undefined, undefined, '/src/a.ts'],
  )
})

t.test('the URLs of bundlers are paths where there is such a file', async (t) => {
  const sources = [
    'webpack://shop/./src/a.ts?1f',
    'webpack://shop/src/gone.ts',
    'webpack://shop/webpack/bootstrap',
  ]
  const bundle = { version: 3, sources, names: [], mappings: 'AAAA;ACAA;ACAA' }
  const target = fakeTarget(t, {
    srv: {
      'package.json': '{"name":"shop","version":"1.0.0"}',
      src: { 'a.ts': '' },
      dist: { 'b.js': comment('b.map'), 'b.map': JSON.stringify(bundle) },
    },
  })
  const url = '/srv/dist/b.js'
  const { positionFor, packageOf } = lookUp(
    target,
    [ask(url, 0), ask(url, 1), ask(url, 2)].slice(0, 1),
  )
  t.equal(positionFor(url, 0, 0)?.url, '/srv/src/a.ts')
  t.match(packageOf('/srv/src/a.ts'), { name: 'shop', version: '1.0.0', folder: '/srv' })
  const lines = [1, 2]
  const more = { url, lines, columns: [0, 0], functionNames: ['f', 'g'] }
  const others = lookUp(target, [more])
  t.strictSame(
    lines.map((line) => others.positionFor(url, line, 0)?.url),
    sources.slice(1),
  )
})

t.test('packages are known by the nearest package.json that has a name', async (t) => {
  const target = fakeTarget(t, {
    srv: {
      'package.json': JSON.stringify({ name: 'shop', version: '2.0.0', repository: 'acme/shop' }),
      'main.js': '',
      node_modules: {
        express: {
          'package.json': JSON.stringify({
            name: 'express',
            version: '5.1.0',
            repository: { url: 'git+https://github.com/expressjs/express.git', directory: 'lib' },
          }),
          lib: { 'package.json': '{"type":"commonjs"}', 'router.js': '' },
        },
        '@acme': { tax: { 'package.json': 'no JSON', 'index.js': '' } },
        long: { 'package.json': `{"name":"${'x'.repeat(400)}"}`, 'index.js': '' },
      },
    },
  })
  const urls = [
    '/srv/main.js',
    '/srv/node_modules/express/lib/router.js',
    'file:///srv/node_modules/@acme/tax/index.js',
    '/srv/node_modules/long/index.js',
  ]
  const { packageOf } = lookUp(
    target,
    urls.map((url) => ask(url)),
  )
  t.strictSame(urls.map(packageOf), [
    {
      name: 'shop',
      version: '2.0.0',
      folder: '/srv',
      repository: 'acme/shop',
      repositoryFolder: '',
    },
    {
      name: 'express',
      version: '5.1.0',
      folder: '/srv/node_modules/express',
      repository: 'git+https://github.com/expressjs/express.git',
      repositoryFolder: 'lib',
    },
    undefined,
    undefined,
  ])
  t.equal(packageOf('node:fs'), undefined)
})

t.test('functions are called as the map calls their identifiers', async (t) => {
  // The segments: `e` at 1:6, its constructor, a method and what it calls.
  const script = '// é, 𝒳\nclass e{constructor(){}\nn(t){return t.o()}}\n'
  const mappings = ';MAAAA,EACA,WAAA;AACAC,CACA,WACA'
  const content = smallMap('cart.ts', { names: ['Cart', 'addTaxes'], mappings })
  const files = { 'a.js': `${script}//# sourceMappingURL=a.map`, 'a.map': content }
  const target = fakeTarget(t, { srv: files })
  const caches = newCaches(1e6)
  const url = '/srv/a.js'
  const asked = {
    url,
    lines: [1, 2, 2, 2, 9, 2],
    columns: [19, 1, 14, 14, 0, 99],
    functionNames: ['e', 'n', 'e.n', 'new e', 'x', 'e.n'],
    areWithin: [false, false, true, true, false, true],
  }
  for (const round of ['read', 'remembered']) {
    const { positionFor } = lookUp(target, [asked], { caches })
    t.equal(positionFor(url, 1, 19)?.name, 'Cart', round)
    t.equal(positionFor(url, 2, 1)?.name, 'addTaxes', round)
    t.equal(positionFor(url, 2, 14, 'e.n')?.name, 'Cart.addTaxes', round)
    t.equal(positionFor(url, 2, 14, 'new e')?.name, 'new Cart', round)
    t.equal(positionFor(url, 9, 0), undefined, round)
    t.equal(positionFor(url, 2, 99, 'e.n')?.name, undefined, 'behind the end of its line')
  }
})

t.test('a large script is read within the time', async (t) => {
  const content = smallMap('a.ts', { names: ['a'] })
  const text = `${'x;'.repeat(2e6)}\n${comment('a.map')}`
  const target = fakeTarget(t, { srv: { 'a.js': text, 'a.map': content } })
  const { notes } = lookUp(target, [ask('/srv/a.js', 0, 3_999_999)])
  t.strictSame(notes, ['source maps: applied to 1 script'])
})
