import t from 'tap'
import type { CallFrame } from '../../src/convert/call-frames.ts'
import { type Frame, Frames } from '../../src/convert/frame.ts'
import { AddressSpace, frameAddress, lineAddress } from '../../src/convert/frame-address.ts'

function frameOf(callFrame: Partial<CallFrame>, workingDirectory = '/srv/shop'): Frame {
  const frames = new Frames(workingDirectory)
  const whole = { functionName: 'f', url: '', lineNumber: 11, columnNumber: 4, ...callFrame }
  const frame = frames.all[frames.indexOf(whole)]
  if (!frame) throw new Error('there is no frame')
  return frame
}

/** Names of a function `f` in scripts of all kinds; the working directory is /srv/shop. */
const scripts: readonly (readonly [url: string, name: string, file: string, origin: string])[] = [
  ['file:///srv/shop/src/db.js', 'src/db.f', '/srv/shop/src/db.js', 'application'],
  ['/srv/shop/server.cjs', 'server.f', '/srv/shop/server.cjs', 'application'],
  [
    'file:///srv/shop/a%20b/k%C3%B6ln.mts?v=3#x',
    'a b/köln.f',
    '/srv/shop/a b/köln.mts',
    'application',
  ],
  ['file:///srv/shop/100%.js', '100%.f', '/srv/shop/100%.js', 'application'],
  ['file:///srv/shop/a.test.js', 'a.test.f', '/srv/shop/a.test.js', 'application'],
  ['file:///srv/shopping/lib/x.js', 'shopping/lib/x.f', '/srv/shopping/lib/x.js', 'application'],
  [
    'file:///opt/very/deep/app/lib/x.js',
    'app/lib/x.f',
    '/opt/very/deep/app/lib/x.js',
    'application',
  ],
  ['file:///C:/app/x.js', 'C:/app/x.f', 'C:/app/x.js', 'application'],
  ['C:\\app\\x.js', 'C:/app/x.f', 'C:/app/x.js', 'application'],
  [
    'file:///srv/shop/node_modules/express/lib/router/index.js',
    'express/lib/router/index.f',
    '/srv/shop/node_modules/express/lib/router/index.js',
    'dependency',
  ],
  [
    '/srv/shop/node_modules/@acme/tax/index.mjs',
    '@acme/tax/index.f',
    '/srv/shop/node_modules/@acme/tax/index.mjs',
    'dependency',
  ],
  [
    '/srv/shop/node_modules/.pnpm/a@1.0.0/node_modules/a/x.js',
    'a/x.f',
    '/srv/shop/node_modules/.pnpm/a@1.0.0/node_modules/a/x.js',
    'dependency',
  ],
  [
    '/srv/shop/node_modules/a/node_modules/b/x.js',
    'b/x.f',
    '/srv/shop/node_modules/a/node_modules/b/x.js',
    'dependency',
  ],
  [
    '/usr/lib/node_modules/npm/lib/cli.js',
    'npm/lib/cli.f',
    '/usr/lib/node_modules/npm/lib/cli.js',
    'dependency',
  ],
  ['node:fs', 'node:fs.f', 'node:fs', 'node'],
  ['node:internal/timers', 'node:internal/timers.f', 'node:internal/timers', 'node'],
  ['wasm://wasm/llhttp-3a2f', 'wasm/llhttp-3a2f.f', 'wasm://wasm/llhttp-3a2f', 'unknown'],
  ['data:text/javascript,export%20default%201', 'data.f', 'data:', 'unknown'],
  ['', 'eval.f', '(eval)', 'unknown'],
  ['[eval]', '[eval].f', '[eval]', 'unknown'],
  ['evalmachine.<anonymous>', 'evalmachine.<anonymous>.f', 'evalmachine.<anonymous>', 'unknown'],
  ['rules/one.js', 'rules/one.f', 'rules/one.js', 'application'],
  [
    'webpack://shop/./src/a.ts?1f2e',
    'shop/src/a.f',
    'webpack://shop/./src/a.ts?1f2e',
    'application',
  ],
  ['webpack-internal:///./src/a.js', 'src/a.f', 'webpack-internal:///./src/a.js', 'application'],
  ['webpack:///./node_modules/b/c.js', 'b/c.f', 'webpack:///./node_modules/b/c.js', 'dependency'],
  ['https://cdn.example/x/y.js', 'cdn.example/x/y.f', 'https://cdn.example/x/y.js', 'unknown'],
  ['https://', 'script.f', 'https://', 'unknown'],
]

for (const [url, name, file, origin] of scripts) {
  t.test(`a function of ${url || 'evaluated code'} is called ${name}`, async (t) => {
    t.match(frameOf({ url }), { name, file, origin, line: 12, column: 5, isIdle: false })
  })
}

t.test('a package that is profiled in its own folder is application code', async (t) => {
  const url = 'file:///usr/lib/node_modules/shop/src/a.js'
  t.match(frameOf({ url }, '/usr/lib/node_modules/shop'), {
    name: 'src/a.f',
    origin: 'application',
  })
  for (const unknown of ['', '/']) t.match(frameOf({ url }, unknown), { name: 'shop/src/a.f' })
})

t.test('anonymous functions are told apart by their position', async (t) => {
  const url = 'file:///srv/shop/a.js'
  t.match(frameOf({ url, functionName: '' }), { name: 'a.(anonymous:12:5)' })
  t.match(frameOf({ url, functionName: '', lineNumber: 0, columnNumber: 0 }), {
    name: 'a.(module)',
  })
  t.match(frameOf({ functionName: '', lineNumber: -1, columnNumber: -1 }), { name: '(anonymous)' })
})

t.test('what is not JavaScript keeps its name and has no place', async (t) => {
  for (const functionName of ['(program)', '(garbage collector)', 'RegExp: a/b.c$', 'writev']) {
    const frame = frameOf({ functionName, lineNumber: -1, columnNumber: -1 })
    t.match(frame, { name: functionName, file: '', line: 0, column: 0, origin: 'native' })
  }
  t.match(frameOf({ functionName: '(idle)', lineNumber: -1 }), { isIdle: true })
  const root = { functionName: '(root)', url: '', lineNumber: -1, columnNumber: -1 }
  t.equal(new Frames('').indexOf(root), -1)
})

t.test(
  'names are fit for every reader: no control characters, not too long, never empty',
  async (t) => {
    const strange = frameOf({ functionName: 'a\nb\u0000\u202ec\ud800', url: '/srv/shop/x\r.js' })
    t.match(strange, { name: 'x\ufffd.a\ufffdb\ufffd\ufffdc\ufffd', file: '/srv/shop/x\ufffd.js' })
    const long = frameOf({
      functionName: 'é'.repeat(600),
      url: `/srv/shop/${'ü/'.repeat(900)}end.js`,
    })
    t.ok(Buffer.byteLength(long.name) <= 512 && Buffer.byteLength(long.file) <= 1024)
    t.match(long.name, /^….*\/end\.é+…$/)
    t.match(long.file, /^….*\/end\.js$/)
    t.notMatch(long.name + long.file, /\ufffd/)
    t.match(frameOf({ functionName: 'x'.repeat(600), lineNumber: -1 }).name, /^x{509}…$/)
  },
)

t.test(
  'addresses fit 47 bits, never are 0, and differ by file, position, name and line',
  async (t) => {
    const addresses = [
      frameAddress('/a.js', 1, 2, 'f'),
      frameAddress('/b.js', 1, 2, 'f'),
      frameAddress('/a.js', 2, 2, 'f'),
      frameAddress('/a.js', 1, 3, 'f'),
      frameAddress('/a.js', 1, 2, 'g'),
      lineAddress(frameAddress('/a.js', 1, 2, 'f'), 3),
      lineAddress(frameAddress('/a.js', 1, 2, 'f'), 4),
    ]
    t.equal(new Set(addresses).size, addresses.length)
    t.ok(addresses.every((address) => address > 0 && address < 2 ** 47))
    const many = new Set<number>()
    for (let index = 0; index < 100_000; index++) many.add(frameAddress('/a.js', index, 0, ''))
    t.equal(many.size, 100_000, 'they spread')
  },
)

t.test('the address of a function does not change from version to version', async (t) => {
  t.equal(frameAddress('/srv/shop/src/db.js', 1, 30, 'query'), 23608296939823)
})

t.test('two frames with one hash get two addresses', async (t) => {
  const space = new AddressSpace()
  t.same([space.claim(5), space.claim(5), space.claim(6)], [5, 6, 7])
})
