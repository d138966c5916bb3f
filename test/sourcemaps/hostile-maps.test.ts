// Whatever a target has for a map: the lookup ends soon, takes little memory and says what is wrong.
import { spawnSync } from 'node:child_process'
import { chmodSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { SourceMaps } from '../../src/sourcemaps/source-maps.ts'
import { ask, type FakeTarget, fakePid, fakeTarget, lookUp, smallMap } from './fake-target.ts'

t.setTimeout(120_000)

const script = 'function f() {}\n//# sourceMappingURL=a.js.map\n'
const nested = (depth: number): object =>
  depth === 0
    ? { version: 3, sources: ['a.ts'], mappings: 'AAAA' }
    : { version: 3, sections: [{ offset: { line: 0, column: 0 }, map: nested(depth - 1) }] }
const mappings = (text: string) => smallMap('a.ts', { mappings: text })

const broken: readonly (readonly [what: string, map: string | Buffer, note: RegExp])[] = [
  ['an empty file', '', /an object is missing at byte 0/],
  ['binary garbage', Buffer.from([0, 255, 128, 7, 123, 0]), /no valid JSON/],
  ['a map that was cut', smallMap('a.ts').slice(0, -5), /no valid JSON/],
  ['a string without end', '{"version":3,"mappings":"AAAA', /the end of a string is missing/],
  ['an array', '[3]', /an object is missing/],
  ['a list with a hole', '{"version":3,"mappings":"AAAA","sources":["a",]}', /a value is missing/],
  ['members without names', '{3:4}', /a string is missing/],
  ['a bad escape', '{"version":3,"mappings":"AAAA","sources":["\\x"]}', /malformed string/],
  ['version 2', smallMap('a.ts', { version: 2 }), /no source map of version 3/],
  ['no mappings', '{"version":3}', /it has no mappings/],
  ['mappings that are no text', mappings('').replace('""', '17'), /its mappings are no text/],
  ['mappings of no base64', mappings('AA*A'), /a character that is no base64/],
  ['a number that is too large', mappings('gggggggggggggC'), /is too large/],
  ['a number without end', mappings('AAAg'), /has no end/],
  ['two fields', mappings('AA'), /has 2 fields/],
  ['six fields', mappings('AAAAAA'), /has 6 fields/],
  ['sections in sections in sections', JSON.stringify(nested(9)), /nested too deeply/],
  [
    'a section that is the map itself',
    '{"version":3,"sections":[{"offset":{"line":0,"column":0},"url":"a.js.map"}]}',
    /a section of it is in another file/,
  ],
  ['sections without offset', '{"version":3,"sections":[{"map":{}}]}', /lacks a part/],
  [
    'an offset that is no number',
    '{"version":3,"sections":[{"offset":{"line":-1,"column":0},"map":{}}]}',
    /the offset of a section is no number/,
  ],
]

for (const [what, map, note] of broken) {
  t.test(`${what} is reported`, async (t) => {
    const target = fakeTarget(t, { srv: { 'a.js': script, 'a.js.map': map } })
    const { positionFor, notes } = lookUp(target, [ask('/srv/a.js')])
    t.equal(positionFor('/srv/a.js', 0, 0), undefined)
    t.match(notes, [/^warning: source maps that are of no use: \/srv\/a\.js: /])
    t.match(notes[0], note)
  })
}

t.test('sections out of order are reported', async (t) => {
  const part = (line: number) => ({ offset: { line, column: 0 }, map: nested(0) })
  const map = JSON.stringify({ version: 3, sections: [part(5), part(2)] })
  const target = fakeTarget(t, { srv: { 'a.js': script, 'a.js.map': map } })
  t.match(lookUp(target, [ask('/srv/a.js')]).notes, [/in no order/])
})

t.test('maps of 60 MB are read within bounds, larger ones are refused', async (t) => {
  const cases: readonly (readonly [string, (path: string) => void, RegExp])[] = [
    ['100 MB', (path) => truncateSync(path, 100e6), /it has 100 MB, and at most 67 MB are read/],
    [
      'one line of 12 million segments',
      (path) => fill(path, 'AAAA,'),
      /applied to 1 script|too long/,
    ],
    ['one number of 60 million digits', (path) => fill(path, 'ggggg'), /too large/],
    ['60 million lines', (path) => fill(path, ';;;;;'), /applied to 1 script|too long/],
    ['60 million brackets', (path) => writeFileSync(path, '['.repeat(6e7)), /an object is missing/],
    [
      '60 MB of backslashes',
      (path) => writeFileSync(path, `{"${'\\'.repeat(6e7)}`),
      /end of a string/,
    ],
  ]
  const target = fakeTarget(t, { srv: { 'a.js': script, 'a.js.map': '' } })
  for (const [what, write, note] of cases) {
    write(join(target.root, 'srv/a.js.map'))
    const sourceMaps = new SourceMaps({ procRoot: target.procRoot, budgetMs: 20_000 })
    const beforeBytes = process.memoryUsage.rss()
    let longestMs = 0
    let last = performance.now()
    const ticker = setInterval(() => {
      longestMs = Math.max(longestMs, performance.now() - last)
      last = performance.now()
    }, 5)
    const { notes } = await sourceMaps.find(processOf(target), [ask('/srv/a.js', 3e7, 0)])
    clearInterval(ticker)
    const grownMb = (process.memoryUsage.rss() - beforeBytes) / 1e6
    t.match(notes.join('\n'), note, what)
    t.ok(grownMb < 250, `${what}: ${Math.round(grownMb)} MB`)
    t.comment(`${what}: this thread was held up for ${Math.round(longestMs)} ms at most`)
    await sourceMaps.close()
  }
})

t.test('nothing outside of the root of the target is opened', async (t) => {
  const target = fakeTarget(t, {
    etc: { passwd: 'root:x:0:0:root:/root:/bin/sh\n' },
    srv: { 'real.map': smallMap('real.ts') },
  })
  writeFileSync(join(target.outside, 'secret.map'), smallMap('secret.ts'))
  const outside = join(target.outside, 'secret.map')
  symlinkSync(outside, join(target.root, 'srv/absolute.map'))
  symlinkSync('../../../secret.map', join(target.root, 'srv/relative.map'))
  symlinkSync('../../..', join(target.root, 'srv/up'))
  symlinkSync('loop.map', join(target.root, 'srv/loop.map'))
  symlinkSync('/srv/real.map', join(target.root, 'srv/inside.map'))
  const cases: readonly (readonly [reference: string, note: RegExp])[] = [
    ['../../../../../../etc/passwd', /\/srv\/a\.js: it is no valid JSON/],
    ['/etc/passwd', /\/srv\/a\.js: it is no valid JSON/],
    ['../../secret.map', /names \/secret\.map$/],
    ['absolute.map', /names \/srv\/absolute\.map$/],
    ['relative.map', /names \/srv\/relative\.map$/],
    ['up/secret.map', /names \/srv\/up\/secret\.map$/],
    ['loop.map', /loop\.map has too many links$/],
    ['a.js/x.map', /names \/srv\/a\.js\/x\.map$/],
    ['/proc/self/root/etc/passwd', /names \/proc\/self\/root\/etc\/passwd$/],
    ['https://example.org/a.js.map', /names https:\/\/example\.org\/a\.js\.map$/],
    ['//example.org/a.js.map', /names \/\/example\.org\/a\.js\.map$/],
    ['inside.map', /^source maps: applied to 1 script$/],
    ['file:///srv/real.map', /^source maps: applied to 1 script$/],
  ]
  for (const [reference, note] of cases) {
    writeFileSync(join(target.root, 'srv/a.js'), `f\n//# sourceMappingURL=${reference}\n`)
    const { notes, positionFor } = lookUp(target, [ask('/srv/a.js')])
    t.match(notes.join('\n'), note, reference.slice(0, 60))
    t.not(positionFor('/srv/a.js', 0, 0)?.url, '/srv/secret.ts')
  }
})

t.test('what is no regular file, or not for the target, is not read', async (t) => {
  const target = fakeTarget(t, { srv: { 'a.js': script, private: smallMap('a.ts') } }, 12_345)
  const map = join(target.root, 'srv/a.js.map')
  const cases: readonly (readonly [() => unknown, RegExp])[] = [
    [() => spawnSync('mkfifo', [map]), /a\.js\.map is no regular file/],
    [() => spawnSync('mkdir', [map]), /a\.js\.map is no regular file/],
    [() => symlinkSync('private', map), /the target may not read \/srv\/a\.js\.map/],
  ]
  chmodSync(join(target.root, 'srv/private'), 0o600)
  for (const [make, note] of cases) {
    make()
    t.match(lookUp(target, [ask('/srv/a.js')]).notes, [note])
    spawnSync('rm', ['-r', map])
  }
})

t.test('what cannot be done in time is said', async (t) => {
  const target = fakeTarget(t, { srv: { 'a.js': script, 'a.js.map': smallMap('a.ts') } })
  const late = lookUp(target, [ask('/srv/a.js')], { deadlineMs: Date.now() - 1 })
  t.match(late.notes, [/there was no time left to read it/])
  fill(join(target.root, 'srv/a.js.map'), ';;;;;')
  const soon = lookUp(target, [ask('/srv/a.js', 4e7)], { deadlineMs: Date.now() + 100 })
  t.match(soon.notes, [/takes too long|no time left/])
})

t.test('a path that no file has is not looked for', async (t) => {
  const target = fakeTarget(t, {})
  t.match(lookUp(target, [ask(`/${'a/'.repeat(2500)}`)]).notes, [/its path is too long/])
})

t.test('a target whose files cannot be read is said once', async (t) => {
  const target = { procRoot: t.testdir(), root: '', outside: '' }
  const { notes } = lookUp(target, [ask('/srv/a.js')])
  t.match(notes, [/^source maps: not looked for, because .* cannot be read \(ENOENT\)$/])
})

function processOf(_target: FakeTarget) {
  return { pid: fakePid, workingDirectory: '/srv' }
}

/** A map whose mappings are so many bytes of that text. */
function fill(path: string, text: string): void {
  const [before = '', after = ''] = mappings('@').split('@')
  writeFileSync(path, `${before}${text.repeat(6e7 / text.length)}${after}`)
}
