// What pprofd makes of a bundle, through the built daemon: TypeScript, or a profile that says why not.
import { mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import { checkout } from '../fixtures/support/checkout.ts'
import { type SpawnedDaemon, startDaemon } from '../fixtures/support/daemon.ts'
import { goMissing, goPprof } from '../fixtures/support/go-pprof.ts'
import { get, profileUrl, spawnProfilable } from './profilable.ts'

const skip = (await goMissing()) ?? false

t.setTimeout(300_000)

/** V8 knows no columns of what runs: the time of code on one line is at its function's start. */
const listed = [
  { program: 'esbuild-cjs-inline.cjs', timed: /sum \+= Math\.sqrt\(i\) % 7$/ },
  { program: 'webpack-production.cjs', timed: /export function sumRoots\(rounds: number\)/ },
] as const

for (const { program, timed } of listed) {
  t.test(`go tool pprof -list shows what ${program} was built from`, { skip }, async (t) => {
    const daemon = await startDaemon(t)
    const built = join(checkout, 'test/fixtures/maps/built', program)
    const target = await spawnProfilable(t, built, { nodeArguments: ['--no-opt'] })
    const url = profileUrl(daemon.url, target, 'seconds=2')
    const { code, stdout, stderr } = await goPprof(t, ['-list', 'sumRoots', url])
    t.equal(code, 0, stderr)
    t.match(stdout, /^ROUTINE =+ \S*src\/numbers\.sumRoots in \S+\/maps\/src\/numbers\.ts$/m)
    const lines = stdout.split('\n').filter((line) => timed.test(line))
    t.match(lines, [/^ +[\d.]+m?s +[\d.]+m?s +\d+:/], stdout)
    t.match(stdout, /^ +\. +\. +13: {2}return sum$/m, 'the rest of it, too')
  })
}

const valid = { version: 3, sources: ['a.ts'], names: [], mappings: 'AAAA' }
const section = (map: object) => ({
  version: 3,
  sections: [{ offset: { line: 0, column: 0 }, map }],
})
const json = (map: object) => (path: string) => writeFileSync(path, JSON.stringify(map))
const bytes = (content: string | Buffer) => (path: string) => writeFileSync(path, content)
const filled = (text: string) => bytes(JSON.stringify({ ...valid, mappings: text.repeat(1.2e7) }))

/** `make` leaves whatever is found as the script's map; `note` is what the profile says of it. */
const hostile: readonly (readonly [what: string, make: (path: string) => void, note: RegExp])[] = [
  ['100 MB', large(100e6), /it has 100 MB, and at most 67 MB are read/],
  ['a line of a billion entries', large(5e9), /it has 5000 MB, and at most 67 MB are read/],
  ['a line of 12 million entries', filled('AAAA,'), /applied to 1 script|too long/],
  ['12 million entries that go back', filled('DAAA,'), /applied to 1 script|too long/],
  ['brackets only', bytes('['.repeat(6e7)), /no valid JSON/],
  ['sections in sections', json([1, 2, 3, 4, 5, 6].reduce(section, valid)), /nested too deeply/],
  [
    'a section that is the map itself',
    json({ version: 3, sections: [{ offset: { line: 0, column: 0 }, url: 'hostile.cjs.map' }] }),
    /a section of it is in another file/,
  ],
  [
    'half a million sections',
    json({ version: 3, sections: new Array(5e5).fill(section(valid).sections[0]) }),
    /not applied|applied to 1 script|too long/,
  ],
  [
    '30 million sources',
    bytes(`{"version":3,"mappings":"AAAA","sources":[${'0,'.repeat(3e7)}0]}`),
    /applied to 1 script|too long/,
  ],
  ['binary garbage', bytes(Buffer.from([0, 255, 128, 7, 123, 0])), /no valid JSON/],
  ['the first half of a map', bytes(JSON.stringify(valid).slice(0, 30)), /no valid JSON/],
  ['a link to a file that is no map', (path) => symlinkSync('/etc/passwd', path), /no valid JSON/],
  ['a link to itself', (path) => symlinkSync(path, path), /too many links/],
  ['a link to a device', (path) => symlinkSync('/dev/zero', path), /no regular file/],
  ['a folder', (path) => mkdirSync(path), /no regular file/],
]

t.test('a target with a hostile map is profiled all the same', async (t) => {
  const daemon = await startDaemon(t)
  const folder = t.testdir()
  const program = join(folder, 'hostile.cjs')
  const source = readFileSync(join(checkout, 'test/fixtures/targets/busy.cjs'), 'utf8')
  writeFileSync(program, `${source}//# sourceMappingURL=hostile.cjs.map\n`)
  const target = await spawnProfilable(t, program)
  const url = profileUrl(daemon.url, target, 'seconds=1')
  t.match(await commentsOf(t, url), /source maps that are missing: \S+ names \S+hostile\.cjs\.map/)
  const before = peakBytes(daemon)
  for (const [what, make, note] of hostile) {
    const map = join(folder, 'hostile.cjs.map')
    make(map)
    const begin = performance.now()
    t.match(await commentsOf(t, url), note, what)
    const elapsedMs = performance.now() - begin
    // The window, what maps may take, and room for a busy machine.
    t.ok(elapsedMs < 15_000, `${what}: ${Math.round(elapsedMs)} ms`)
    rmSync(map, { recursive: true })
  }
  const grownMb = (peakBytes(daemon) - before) / 1e6
  // The largest map that is read, and all that its thread may have.
  t.ok(grownMb < 300, `${Math.round(grownMb)} MB`)
})

for (const path of ['../../../../../../../../etc/passwd', '/etc/passwd', '/proc/self/environ']) {
  t.test(`nothing of what a script calls its map is shown: ${path}`, async (t) => {
    const daemon = await startDaemon(t)
    const program = join(t.testdir(), 'hostile.cjs')
    const source = readFileSync(join(checkout, 'test/fixtures/targets/busy.cjs'), 'utf8')
    writeFileSync(program, `${source}//# sourceMappingURL=${path}\n`)
    const target = await spawnProfilable(t, program)
    const comments = await commentsOf(t, profileUrl(daemon.url, target, 'seconds=1'))
    t.match(
      comments,
      /hostile\.cjs: it is no valid JSON: an object is missing at byte 0$|names \S+$/m,
    )
    t.notMatch(comments, /root:|PATH=/)
  })
}

/** The comments of a profile that is as good as without maps. */
async function commentsOf(t: Test, url: string): Promise<string> {
  const { status, bytes, text } = await get(url)
  t.equal(status, 200, status === 200 ? '' : text)
  t.strictSame(checkValid(bytes), [])
  const { functions, comments } = decodeProfile(gunzipSync(bytes))
  t.ok(functions.some(({ name }) => name.endsWith('burnSixty')))
  return comments.join('\n')
}

/** A file of that size that takes no space. */
function large(sizeBytes: number): (path: string) => void {
  return (path) => {
    writeFileSync(path, '{"version":3,"sources":["a.ts"],"mappings":"')
    truncateSync(path, sizeBytes)
  }
}

function peakBytes({ pid }: SpawnedDaemon): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
}
